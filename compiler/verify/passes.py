"""The watch that executes the graph after every pass against the graph before."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.errors import MismatchError
from ...runtime.program import Program
from ..execute.real.execute import execute_real
from ..ir.graph import Graph
from ..ir.ops.input import Input
from ..lower.value import Value
from ..passes.base import Pass
from .compare import Values, compare, difference_of
from .frames import as_declared, draw_frames, input_of
from .lowering import compare_program

#: On the models that it was tried on, 8 frames found no more of a few hundred small changes than 4.
FRAMES = 4

#: Elements of all tensors of a graph that are held at once, unless one frame has more: 0.5 GiB, and
#: two graphs are held.
MAX_ELEMENTS = 2**26

DEFECT = "this is a defect of sangi, not of the model: please report it"


class VerifyEach:
    """A watch of the passes (see ``passes.pipeline.Watch``) that stops at the first wrong one.

    Both graphs are executed in float64 on the same frames. Every tensor of the file that both
    hold, in whatever order of elements, must be equal, and so must the outputs.

    Parameters
    ----------
    images : (N, …) array, optional
        Sample images, raw; random ones otherwise (see ``draw_frames``).
    frames : int
        How many are executed at most; fewer where they would not fit into the memory.
    seed : int
        Of the random frames.

    Attributes
    ----------
    passes : int
        Passes verified so far; those that are meant to change numbers are left out.
    tensors : int
        Tensors compared so far.
    """

    def __init__(
        self, images: npt.NDArray[Any] | None = None, *, frames: int = FRAMES, seed: int = 0
    ) -> None:
        self.passes = 0
        self.tensors = 0
        self._count = frames
        self._seed = seed
        self._images = images
        self._frames: npt.NDArray[np.float64] | None = None
        self._graph: Graph | None = None
        self._values: Values = {}
        self._lowered = False

    def __call__(self, step: Pass, before: Graph, after: Graph) -> None:
        """Compare the graphs before and after a pass.

        Raises
        ------
        MismatchError
            If the pass changed a number; the message names the pass, the node, the element, and
            both values.
        DataError
            If the images do not fit the model.
        """
        if not step.keeps_numbers:
            return
        if before is not self._graph or self._frames is None:
            # The first pass, and those behind calibration and normalization: another function.
            self._frames = self.sample(before)
            self._values = execute_real(before, self._frames)
        inputs = [_input_shapes(graph) for graph in (before, after)]
        if inputs[0] != inputs[1]:
            raise MismatchError(
                f"pass '{step.name}' changed the input: {inputs[0]} before, {inputs[1]} after; "
                f"{DEFECT}"
            )
        values = execute_real(after, self._frames, before, self._values)
        found = compare(before, self._values, after, values)
        if found.difference is not None:
            raise MismatchError(
                f"pass '{step.name}' changed a number: {found.difference}; {DEFECT}"
            )
        self.passes += 1
        self.tensors += found.tensors
        self._graph, self._values = after, values

    def lowered(self, graph: Graph, program: Program, values: Mapping[str, Value | None]) -> None:
        """Compare the program with the graph that it was lowered from.

        Parameters
        ----------
        graph, program, values
            What lowering took and gave (see ``Lowering``).

        Raises
        ------
        MismatchError
            If a number differs, as for a pass; ``lower`` is named.
        """
        found = compare_program(graph, program, values, self.sample(graph), self._seed)
        if found.difference is not None:
            raise MismatchError(f"'lower' changed a number: {found.difference}; {DEFECT}")
        self.tensors += found.tensors
        self._lowered = True

    def ordered(self, before: Program, after: Program) -> None:
        """Compare the outputs of a program with those of one with its channels in other orders.

        Raises
        ------
        MismatchError
            If a number differs; ``order`` is named.
        """
        if after is before:
            return
        rng = np.random.default_rng(self._seed)
        types = [before.types[entry.tensor] for entry in before.inputs]
        codes = [rng.integers(x.low, x.high + 1, (self._count, *x.shape)) for x in types]
        old, new = before.run(*codes), after.run(*codes)
        for output in before.outputs:
            want, got = (run[output.tensor].astype(np.float64) for run in (old, new))
            difference = difference_of(want, got, tolerance=0.0)
            if difference is not None:
                raise MismatchError(
                    f"'order' changed a number: output '{output.name}'{difference}; {DEFECT}"
                )
        self.tensors += len(before.outputs)

    @property
    def summary(self) -> str:
        """One line for the user: what was verified so far, all of it without a difference."""
        if self._frames is None:
            return (
                "nothing was verified: that takes a model with nothing in its way, and --data "
                "where it lacks quantizers"
            )
        program = " and the program" if self._lowered else ""
        return (
            f"verified: {self.passes} passes{program}, {self.tensors} tensors compared "
            f"on {len(self._frames)} frames"
        )

    def sample(self, graph: Graph) -> npt.NDArray[np.float64]:
        """Return the frames for a graph, in the layout that its input declares."""
        elements = sum(prod(graph.shape(name)) for name in graph.order())
        count = max(1, min(self._count, MAX_ELEMENTS // elements))
        if self._images is None:
            return draw_frames(graph, count, self._seed)
        # Files are often sorted by class: frames are taken evenly from the whole.
        places = np.linspace(0, len(self._images) - 1, min(len(self._images), count))
        return as_declared(input_of(graph), self._images[places.astype(np.int64)])


def _input_shapes(graph: Graph) -> str:
    ops = (graph.op(name) for name in graph.order())
    shapes = [f"'{op.name}' of shape {op.shape}" for op in ops if isinstance(op, Input)]
    return ", ".join(shapes) or "none"
