"""The trainer of stages and searches, by PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ....runtime.errors import DataError, UsageError
from ...ir.graph import Graph
from ...ir.ops.input import Input
from ...ir.ops.tail import ArgMax
from ...quantize.ranges import Range, best_range, histogram, observed
from ..data.metric import TOP1, Metric
from ..data.samples import Samples
from ..network import Network
from ..trainer import Score, Trainer
from .fit import fit
from .module import TorchNet
from .options import FitOptions
from .teacher import Teacher
from .threads import threads, training_dtype
from .variants import Variants

Array = npt.NDArray[Any]

#: Frames whose activations settle ranges.
CALIBRATION_FRAMES = 200


class TorchTrainer(Trainer):
    """Trains on one set of images and judges on another.

    Parameters
    ----------
    original : Network
        The uncompressed network: the teacher, and what scores are compared with.
    train, validation : Samples
        Images as files have them, channels last.
    options : FitOptions
    metric : Metric

    Raises
    ------
    DataError
        If images do not fit the network's input.
    UsageError
        If the network has several outputs and no teacher: labels are those of the first. If that
        is an ArgMax and labels are real numbers.
    """

    def __init__(
        self,
        original: Network,
        train: Samples,
        validation: Samples,
        options: FitOptions,
        metric: Metric = TOP1,
    ) -> None:
        if len(original.graph.outputs) > 1 and not options.teacher:
            raise UsageError(
                f"a network of {len(original.graph.outputs)} outputs must have a teacher, as "
                "labels are those of the first output only"
            )
        first, name = original.graph.outputs[0]
        if train.y.dtype.kind == "f" and isinstance(original.graph.op(first), ArgMax):
            raise UsageError(
                f"labels must be classes for output {name!r}, an ArgMax, not real numbers"
            )
        self._original = original
        self._options = options
        self._metric = metric
        self._dtype = training_dtype(options.precision)
        self._validation = Samples(frames_for(original.graph, validation.x), validation.y)
        x = frames_for(original.graph, train.x)
        self._calibration = x[
            np.linspace(0, len(x) - 1, min(CALIBRATION_FRAMES, len(x)), dtype=int)
        ]
        self._labels = torch.from_numpy(train.y)
        self._images = Variants(
            x,
            shift=options.shift,
            flip=options.flip,
            light=options.light,
            turn=options.turn,
            zoom=options.zoom,
            count=options.variants,
            seed=options.seed,
        )
        self._teacher: Teacher | None = None
        if options.teacher:
            net = TorchNet(original)
            ends = net.ends(classes=not self._labels.is_floating_point())
            self._teacher = Teacher(net, self._images, self._dtype, ends)
        self._reference: dict[str, Array] | None = None

    def train(self, network: Network, seed: int, *, slimming: float = 0.0) -> Network:
        """Return the network fine-tuned; see ``Trainer.train``."""
        with threads(self._options.threads):
            return fit(
                network,
                self._images,
                self._labels,
                self._teacher,
                self._options,
                self._dtype,
                seed=seed,
                slimming=slimming,
            )

    def score(self, network: Network) -> Score:
        """Return the score on the validation images; see ``Trainer.score``."""
        x, y = self._validation.x, self._validation.y
        if self._reference is None:
            self._reference = self.outputs(self._original, x)
        found = self.outputs(network, x)
        error = self._metric.standard_error(self._reference, found, y, self._options.seed)
        return Score(self._metric(found, y), error)

    def ranges(self, network: Network, nodes: Iterable[str], bits: int) -> Mapping[str, Range]:
        """Return the ranges of the least mean squared error; see ``Trainer.ranges``.

        Raises
        ------
        DataError
            If a tensor is not finite.
        """
        names = tuple(nodes)
        net, x = TorchNet(network), torch.from_numpy(self._calibration)
        with threads(self._options.threads):
            parts = [
                {name: value.numpy() for name, value in values.items()}
                for values in net.batches(x, names, batch=50)
            ]
        found: dict[str, Range] = {}
        for name in names:
            spans = [observed(part[name]) for part in parts]
            whole = Range(min(span.low for span in spans), max(span.high for span in spans))
            if not np.isfinite((whole.low, whole.high)).all():
                raise DataError(
                    f"{type(network.graph.op(name)).__name__} '{name}' must give finite values on "
                    "the training images, not NaN or infinity"
                )
            counts = histogram((part[name] for part in parts), whole)
            found[name] = best_range(counts, whole, bits)
        return found

    def outputs(self, network: Network, x: Array) -> dict[str, Array]:
        """Return the outputs of a network by name: exact values in float32.

        Parameters
        ----------
        network : Network
        x : uint8 or float32 array (N, ...)
            Images as files have them.
        """
        graph = network.graph
        net, frames = TorchNet(network), torch.from_numpy(frames_for(graph, x))
        nodes = [node for node, _ in graph.outputs]
        with threads(self._options.threads):
            parts = [[v[node].numpy() for node in nodes] for v in net.batches(frames, nodes)]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return {name: values for (_, name), values in zip(graph.outputs, columns, strict=True)}


def frames_for(graph: Graph, x: Array) -> Array:
    """Return images in the shape of a graph's one input, channels last.

    Raises
    ------
    DataError
        If they have another number of elements, or rows and columns in another order.
    """
    (name,) = (name for name in graph.order() if isinstance(graph.op(name), Input))
    shape = graph.shape(name)
    each = x.shape[1:]
    fits = each == shape or (*each, 1) == shape or shape == (int(np.prod(each)),)
    if not fits and not (len(each) == 1 and each[0] == np.prod(shape)):
        raise DataError(
            f"images must have shape {shape}, channels last, as the network's input, not {each}"
        )
    return np.ascontiguousarray(x).reshape(len(x), *shape)
