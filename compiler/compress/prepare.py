"""From a float graph to a network under compression: batch normalization is put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt

from ...runtime.errors import DataError, ModelError, UnsupportedError
from ..execute.run import run_batches
from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Op
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..ir.ops.input import Input
from ..ir.ops.multithreshold import MultiThreshold
from ..ir.ops.opaque import Opaque
from ..ir.ops.tail import ArgMax, Softmax
from ..ir.original import original_weights
from ..ir.rebuild import rebuild
from ..passes.dead_code import DeadCode
from ..passes.quantizers import is_quantized
from .network import Network
from .norm import FloatArray, Norm
from .rule import Rule


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean and variance of every channel over so many values.

    Attributes
    ----------
    count : int
        Values per channel.
    mean, variance : float64 (channels,)
    """

    count: int
    mean: FloatArray
    variance: FloatArray

    def join(self, other: Moments) -> Moments:
        """Return the moments of both sets together (Chan, Golub and LeVeque 1979)."""
        count = self.count + other.count
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.count / count)
        squares = (
            self.variance * self.count
            + other.variance * other.count
            + apart**2 * (self.count * other.count / count)
        )
        return Moments(count, mean, squares / count)


def prepare(graph: Graph, frames: npt.NDArray[Any]) -> Network:
    """Return a float graph as a network that can be trained, slimmed and quantized.

    Behind every hidden Conv and Dense stands a Norm afterwards, whether or not the model's own
    batch normalization was folded away: its mean and variance are those of the layer's sums on the
    frames, and gamma and beta are such that the function stays what it was, to float32. Where a
    model was trained with batch normalization, its |gamma| are found again in that way: a folded
    layer's results have that standard deviation. Layers behind which no other layer stands make
    the outputs; they keep their bias and get no Norm. A BatchNorm that could not be folded becomes
    a Norm as well.

    Filters of hidden layers are multiplied by powers of two, which the Norm takes back, so that
    their root mean square is near sqrt(2 / weights of the filter), where He et al. (2015) start
    training: folded batch normalization leaves other sizes behind, and rates of learning that fit
    one layer would not fit the next.

    Parameters
    ----------
    graph : Graph
        Float, as the layout and float passes leave it, with one input.
    frames : (N, *shape) array
        Images to take the statistics from: channels last, raw as the graph's input gets them.

    Raises
    ------
    UnsupportedError
        If the model is quantized, has no layers, more than one input, or ops that cannot be
        trained; the message names them.
    ModelError
        If weights are infinite, NaN, or beyond float32.
    DataError
        If there are no frames, or a layer's results on them are not finite.
    """
    _check(graph)
    if not len(frames):
        raise DataError("compression needs at least one image for its statistics, not 0")
    hidden = hidden_layers(graph)
    found = {name: graph.op(name) for name in graph.order()}
    loose = {name: op for name, op in found.items() if isinstance(op, BatchNorm)}
    sources = {name: graph.inputs(name)[0] for name in loose}
    moments = _moments(graph, frames, tuple(dict.fromkeys((*hidden, *sources.values()))))

    def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
        origin = graph.origin(name)
        if name in hidden and isinstance(op, Conv | Dense):
            layer, norm = _split(op, moments[name])
            # The sums without bias are no tensor of the file.
            node = builder.add(name, layer, inputs, f"{graph.tensor(name)}/sums")
            return builder.add(f"{name}/norm", norm, [node], origin)
        if isinstance(op, BatchNorm):
            channels = graph.shape(name)[-1]
            scale, shift = (_float64(part, channels) for part in (op.scale, op.shift))
            op = _norm(scale, shift, moments[sources[name]])
        elif isinstance(op, Conv | Dense):
            op = replace(op, weight=_float32(op.weight), bias=_rounded_bias(op.bias))
        return builder.add(name, op, inputs, origin)

    prepared = rebuild(graph, visit)
    layers = (name for name, op in found.items() if isinstance(op, Conv | Dense))
    return Network(prepared, {name: Rule() for name in layers}, original_weights(graph))


def hidden_layers(graph: Graph) -> tuple[str, ...]:
    """Return the Conv and Dense nodes behind which another one stands, in order."""
    layers = [name for name in graph.order() if isinstance(graph.op(name), Conv | Dense)]
    behind: set[str] = set()
    for name in layers:
        behind |= nx.ancestors(graph.net, name)
    return tuple(name for name in layers if name in behind)


def _check(graph: Graph) -> None:
    ops = {name: graph.op(name) for name in graph.order()}
    layers = {name: op for name, op in ops.items() if isinstance(op, Conv | Dense)}
    codes = [name for name, op in layers.items() if op.weight_scale is not None]
    if is_quantized(graph) or codes:
        raise UnsupportedError(
            "model must be float to be compressed, not quantized: give the trained float model"
        )
    inputs = [name for name, op in ops.items() if isinstance(op, Input)]
    if len(inputs) != 1:
        raise UnsupportedError(
            f"model must have one input to be compressed, not {len(inputs)}: {', '.join(inputs)}"
        )
    if not layers:
        raise UnsupportedError("model must have a Conv or Dense layer to be compressed, not none")
    for name, op in layers.items():
        if not (np.abs(op.weight) <= np.finfo(np.float32).max).all():
            raise ModelError(f"{type(op).__name__} '{name}' must have weights that float32 holds")
    refused = [
        f"{op.kind if isinstance(op, Opaque) else type(op).__name__} '{name}'"
        for name, op in ops.items()
        if isinstance(op, Opaque | MultiThreshold)
        or (isinstance(op, Softmax | ArgMax) and not _ends(graph, name))
    ]
    if refused:
        raise UnsupportedError(
            f"model must hold ops that can be trained only, not {', '.join(refused)}: "
            "cut the model in front of them, or replace them"
        )


def _ends(graph: Graph, name: str) -> bool:
    """Whether no layer stands behind a node."""
    behind = nx.descendants(graph.net, name)
    return not any(isinstance(graph.op(node), Conv | Dense) for node in behind)


def _moments(graph: Graph, frames: npt.NDArray[Any], nodes: Sequence[str]) -> Mapping[str, Moments]:
    """Return the moments of every channel of nodes' tensors on the frames."""
    if not nodes:
        return {}
    # Nothing behind the nodes is executed.
    graph = DeadCode()(replace(graph, outputs=tuple((node, graph.tensor(node)) for node in nodes)))
    found: dict[str, Moments] = {}
    for batch in run_batches(graph, frames, nodes):
        for name, values in batch.items():
            flat = values.astype(np.float64).reshape(-1, values.shape[-1])
            part = Moments(len(flat), flat.mean(axis=0), flat.var(axis=0))
            if not (np.isfinite(part.mean).all() and np.isfinite(part.variance).all()):
                raise DataError(
                    f"{type(graph.op(name)).__name__} '{name}' must give finite values on the "
                    "training images, not NaN or infinity: check --mean and --std"
                )
            found[name] = found[name].join(part) if name in found else part
    return found


def _split(op: Conv | Dense, moments: Moments) -> tuple[Conv | Dense, Norm]:
    """Return the layer without bias, its filters scaled, and the Norm that makes up for both."""
    factors = _factors(op.weight)
    filters = len(factors)
    weight = op.weight * factors.reshape(-1, *(1,) * (op.weight.ndim - 1))
    bias = np.zeros(filters) if op.bias is None else _float64(op.bias, filters)
    sums = Moments(moments.count, (moments.mean - bias) * factors, moments.variance * factors**2)
    return replace(op, weight=_float32(weight), bias=None), _norm(1 / factors, bias, sums)


def _factors(weight: npt.NDArray[Any]) -> FloatArray:
    """Return the power of two for every filter that brings its weights to He's size."""
    flat = weight.reshape(len(weight), -1).astype(np.float64)
    size = np.sqrt((flat**2).mean(axis=1))
    wanted = np.sqrt(2 / flat.shape[1])
    # A filter of zeros (or of next to nothing) stays as it is.
    used = size > np.finfo(np.float32).tiny
    factors: FloatArray = np.exp2(np.rint(np.log2(wanted / np.where(used, size, wanted))))
    return factors


def _norm(scale: FloatArray, shift: FloatArray, moments: Moments) -> Norm:
    """Return the Norm with these moments that computes ``x * scale + shift``."""
    mean, variance = _float32(moments.mean), _float32(moments.variance)
    spread = np.sqrt(variance + Norm.epsilon)
    return Norm(
        gamma=_float32(scale * spread),
        beta=_float32(scale * mean + shift),
        mean=mean,
        variance=variance,
    )


def _rounded_bias(bias: tuple[Fraction, ...] | None) -> tuple[Fraction, ...] | None:
    if bias is None:
        return None
    return tuple(Fraction(float(np.float32(float(value)))) for value in bias)


def _float64(values: tuple[Fraction, ...], channels: int) -> FloatArray:
    """Return constants, one per channel."""
    numbers = np.array([float(value) for value in values])
    return np.ascontiguousarray(np.broadcast_to(numbers, (channels,)))


def _float32(values: npt.NDArray[Any]) -> FloatArray:
    """Return the float64 numbers that float32 can hold next to these."""
    return values.astype(np.float32).astype(np.float64)
