"""The pass select-as-conv."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Op, Shape
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..ir.ops.pad import Pad
from ..ir.ops.slice import Slice
from ..ir.original import ORIGINAL_WEIGHTS, original_weights
from ..ir.rebuild import only_consumer, rebuild
from .base import Pass
from .grids import grid_of


@dataclass(frozen=True)
class SelectAsConv(Pass):
    """Make layers of the Slices and Pads that are left, with exact weights 0 and 1.

    ``x(H,W,16) -> Slice(rows 0,2,…) -> Slice(columns 0,2,…) -> Pad(8 channels on both sides)``, as
    option-A shortcuts of ResNet are exported, becomes one 1x1 ``Conv`` of stride 2 with 32 filters:
    filter f has one weight 1, at channel f - 8, or none. A part that does not begin at row and
    column 0 takes a larger kernel with one tap. Vectors become ``Dense`` in the same way. Weights
    are codes of scale 1, so nothing is rounded; the folded engine runs them as ternary ones, which
    costs ``filters * channels`` additions a pixel.

    Zeros that are padded as channels are the sum 0 of no codes: where the input's zero point is
    not 0, a Quantize on the input's own grid behind the layer makes the zero point of them, if the
    grid holds 0.
    """

    name: ClassVar[str] = "select-as-conv"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph without Slices and Pads of images and vectors."""
        chains = _chains(graph)
        inner = {name for nodes, _ in chains.values() for name in nodes[:-1]}

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            if name in inner:
                return inputs[0]
            origin = graph.origin(name)
            if name not in chains:
                return builder.add(name, op, inputs, origin)
            _, taken = chains[name]
            layer = _layer(builder.shape(inputs[0]), taken)
            grid = grid_of(builder, inputs[0])
            node = builder.add(name, layer, inputs, origin)
            # A grid per channel has no entry for new channels: lowering says what to do.
            if grid is None or grid.per_channel or not any(grid.zero_point) or not taken[-1].zeros:
                return node
            # Without a code for 0 (bipolar, narrowed) the sums stay as they are: exactly 0.
            (zero,) = grid.zero_point
            if zero not in range(grid.low, grid.high + 1):
                return node
            return builder.add(f"{name}/quantize", grid, [node], origin)

        # Nobody trained these weights.
        own = {ORIGINAL_WEIGHTS: str(original_weights(graph))} if chains else {}
        return replace(rebuild(graph, visit), metadata={**graph.metadata, **own})


@dataclass(frozen=True)
class _Taken:
    """What is taken of one axis: every ``step``-th of ``size`` elements, with zeros around."""

    start: int
    size: int
    step: int
    before: int = 0
    after: int = 0

    @property
    def zeros(self) -> int:
        """Number of zeros."""
        return self.before + self.after


def _chains(graph: Graph) -> dict[str, tuple[tuple[str, ...], tuple[_Taken, ...]]]:
    """Return, by their last node, runs of Slices and Pads that one layer can do."""
    chains: dict[str, tuple[tuple[str, ...], tuple[_Taken, ...]]] = {}
    inside: set[str] = set()
    for name in graph.order():
        if name in inside or not isinstance(graph.op(name), Slice | Pad):
            continue
        shape = graph.shape(graph.inputs(name)[0])
        if len(shape) not in (1, 3):
            continue
        taken = _then(tuple(_Taken(0, size, 1) for size in shape), graph.op(name), shape)
        assert taken is not None
        nodes = [name]
        while (reader := only_consumer(graph, nodes[-1])) is not None:
            longer = _then(taken, graph.op(reader), shape)
            if longer is None:
                break
            nodes.append(reader)
            taken = longer
        inside.update(nodes)
        chains[nodes[-1]] = tuple(nodes), taken
    return chains


def _then(taken: tuple[_Taken, ...], op: Op, shape: Shape) -> tuple[_Taken, ...] | None:
    """Return what is taken of a tensor of ``shape`` after one more op; None if no layer does it."""
    if isinstance(op, Slice):
        parts = list(zip(op.start, op.size, op.step, strict=True))
        # Parts of zeros are left to a layer of their own.
        if any(
            old.zeros and part[:2] != (0, old.size + old.zeros)
            for old, part in zip(taken, parts, strict=True)
        ):
            return None
        return tuple(
            old if old.zeros else _Taken(old.start + old.step * start, size, old.step * step)
            for old, (start, size, step) in zip(taken, parts, strict=True)
        )
    if not isinstance(op, Pad):
        return None
    wider = tuple(
        replace(old, before=old.before + before, after=old.after + after)
        for old, before, after in zip(taken, op.before, op.after, strict=True)
    )
    # The padding of a layer stands in for zeros only where nothing else lies there.
    for axis in range(len(shape) - 1):
        entry = wider[axis]
        if entry.before and entry.start >= entry.step:
            return None
        if entry.after and entry.start + entry.size * entry.step < shape[axis]:
            return None
    return wider


def _layer(shape: Shape, taken: tuple[_Taken, ...]) -> Conv | Dense:
    channels = taken[-1]
    filters = channels.size + channels.zeros
    rows = np.arange(channels.size)
    weight = np.zeros((filters, shape[-1]), np.int64)
    weight[channels.before + rows, channels.start + channels.step * rows] = 1
    if len(shape) == 1:
        return Dense(weight, (Fraction(1),))
    (top, tap, bottom, height), (left, place, right, width) = (
        _window(size, entry) for size, entry in zip(shape, taken[:-1], strict=False)
    )
    kernel = np.zeros((filters, height, width, shape[-1]), np.int64)
    kernel[:, tap, place] = weight
    stride = (taken[0].step, taken[1].step)
    return Conv(kernel, (Fraction(1),), stride=stride, padding=(top, left, bottom, right))


def _window(size: int, taken: _Taken) -> tuple[int, int, int, int]:
    """Return padding in front, tap, padding behind and kernel of one axis.

    Window i begins at ``i * step - front``, and its tap reads ``start + (i - before) * step``; the
    kernel reaches just so far that there are ``count`` windows.
    """
    count = taken.size + taken.zeros
    offset = taken.start - taken.before * taken.step
    front, tap = max(0, -offset), max(0, offset)
    kernel = max(tap + 1, size + front - count * taken.step + 1)
    behind = max(0, (count - 1) * taken.step + kernel - size - front)
    return front, tap, behind, kernel
