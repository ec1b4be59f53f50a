"""Which channels of a graph must stay or go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...ir.graph import Graph
from ...ir.ops.add import Add
from ...ir.ops.averagepool import AveragePool
from ...ir.ops.base import Elementwise, Op
from ...ir.ops.concat import Concat
from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ...ir.ops.input import Input
from ...ir.ops.slice import Slice
from .flow import carried

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Ties:
    """The units of a graph: a unit is what one channel of one layer drags along.

    Attributes
    ----------
    units : mapping of node name to int64 (size of the last axis,)
        The unit that every channel of the node's tensor belongs to; behind a flatten, every
        element.
    fixed : bool (number of units,)
        True for units that cannot go: they reach an input or an output of the model, a grouped
        convolution that is not depthwise, or an op that mixes channels in another way.
    """

    units: Mapping[str, IntArray]
    fixed: BoolArray


def find_ties(graph: Graph) -> Ties:
    """Return the units of a graph.

    Conv and Dense begin new units; all other ops hand on those of their input, and tie:

    * Add, and Concat along another axis: channel c of one input to channel c of the others;
    * a depthwise Conv: its filters to the channels that they read;
    * Reshape of ``(…, C)`` to ``(…, k * C)``: element ``d`` to channel ``d % C``.

    A graph has no other ties: whatever else stands behind a channel follows from its unit.
    """
    found = _Finder()
    for name in graph.order():
        sources = tuple(found.of[source] for source in graph.inputs(name))
        shapes = tuple(graph.shape(source) for source in graph.inputs(name))
        size = graph.shape(name)[-1] if graph.shape(name) else 1
        found.of[name] = _units(found, graph.op(name), sources, shapes, size)
    for name, _ in graph.outputs:
        found.fix(found.of[name])
    return found.ties()


def is_depthwise(op: Op) -> bool:
    """Whether every filter of a layer reads one channel, and there are several."""
    return isinstance(op, Conv) and op.groups > 1 and op.weight.shape[3] == 1


def mixes(op: Op) -> bool:
    """Whether an op is a layer whose every filter may read every channel."""
    return isinstance(op, Dense) or (isinstance(op, Conv) and op.groups == 1)


class _Finder:
    """Units so far, as a forest: a unit's parent is tied to it."""

    def __init__(self) -> None:
        self.of: dict[str, IntArray] = {}
        self._parent: list[int] = []
        self._fixed: list[bool] = []

    def new(self, count: int, fixed: bool = False) -> IntArray:
        """Return new units."""
        start = len(self._parent)
        self._parent.extend(range(start, start + count))
        self._fixed.extend([fixed] * count)
        return np.arange(start, start + count, dtype=np.int64)

    def tie(self, left: IntArray, right: IntArray) -> None:
        """Tie units in pairs."""
        for a, b in zip(left.tolist(), right.tolist(), strict=True):
            first, second = sorted((self._root(a), self._root(b)))
            self._parent[second] = first
            self._fixed[first] |= self._fixed[second]

    def fix(self, units: IntArray) -> None:
        """Keep units for good."""
        for unit in units.tolist():
            self._fixed[self._root(unit)] = True

    def ties(self) -> Ties:
        """Return what was found, units numbered in the order of the graph."""
        roots = np.array([self._root(unit) for unit in range(len(self._parent))], np.int64)
        kept, numbers = np.unique(roots, return_inverse=True)
        fixed = np.array([self._fixed[root] for root in kept.tolist()], np.bool_)
        return Ties({name: numbers[units] for name, units in self.of.items()}, fixed)

    def _root(self, unit: int) -> int:
        while (parent := self._parent[unit]) != unit:
            self._parent[unit] = self._parent[parent]
            unit = parent
        return unit


def _units(
    found: _Finder,
    op: Op,
    sources: tuple[IntArray, ...],
    shapes: tuple[tuple[int, ...], ...],
    size: int,
) -> IntArray:
    """Return the units of an op's tensor whose last axis has ``size`` entries."""
    if isinstance(op, Input):
        return found.new(size, fixed=True)
    if mixes(op):
        return found.new(size)
    first = sources[0]
    if is_depthwise(op):
        return _depthwise(found, first, size)
    if isinstance(op, Elementwise | AveragePool):
        return first
    last = len(shapes[0]) - 1
    if isinstance(op, Add) or (isinstance(op, Concat) and op.axis != last):
        for other in sources[1:]:
            found.tie(first, other)
        return first
    # What is left of every second channel is no Slice.
    if not (isinstance(op, Slice) and op.step[-1:] != (1,)):
        moved = carried(op, sources, size, found.new)
        if moved is not None:
            return moved
    for units in sources:
        found.fix(units)
    return found.new(size, fixed=True)


def _depthwise(found: _Finder, channels: IntArray, filters: int) -> IntArray:
    repeated = np.repeat(channels, filters // len(channels))
    units = found.new(filters)
    found.tie(repeated, units)
    return units
