"""The pass sink-selections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Elementwise, Shape
from ..ir.ops.pad import Pad
from ..ir.ops.slice import Slice
from ..ir.ops.tail import Sigmoid
from ..ir.origin import Origin
from .base import Pass
from .grids import keeps_channels, keeps_zero


@dataclass(frozen=True)
class SinkSelections(Pass):
    """Move Slices and Pads behind the elementwise ops that follow them.

    ``Conv -> Slice -> Relu -> Quantize`` becomes ``Conv -> Relu -> Quantize -> Slice``: f of a part
    is that part of f, and zeros stay zeros where f(0) = 0. So layers meet their quantizers, a Pad
    meets the layer that can do its work, and what is selected are codes. Constants per channel
    let pass what leaves the channels alone; Sigmoid, which the host computes, lets nothing pass.
    """

    name: ClassVar[str] = "sink-selections"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with Slices and Pads as far down as these rules allow."""
        builder = GraphBuilder(graph.name, graph.metadata)
        kept: dict[str, _Kept] = {}
        made: dict[_Kept, str] = {}

        def whole(value: _Kept) -> str:
            """Return the node that holds a value with its selections."""
            if not value.pending:
                return value.node
            if value not in made:
                source = whole(replace(value, pending=value.pending[:-1]))
                last = value.pending[-1]
                made[value] = builder.add(last.name, last.op, [source], last.origin)
            return made[value]

        for name in graph.order():
            op, origin = graph.op(name), graph.origin(name)
            inputs = [kept[source] for source in graph.inputs(name)]
            if isinstance(op, Slice | Pad):
                last = _Pending(name, op, graph.shape(graph.inputs(name)[0]), origin)
                kept[name] = replace(inputs[0], pending=(*inputs[0].pending, last))
            elif isinstance(op, Elementwise):
                first, behind = _split(inputs[0], op)
                node = builder.add(name, op, [whole(first)], _inner(origin, behind))
                kept[name] = _Kept(node, _renamed(behind, origin))
            else:
                kept[name] = _Kept(builder.add(name, op, map(whole, inputs), origin))
        return builder.build((whole(kept[node]), output) for node, output in graph.outputs)


@dataclass(frozen=True, eq=False)
class _Pending:
    """A Slice or Pad that has no place yet; ``shape`` is its input's, ``origin`` its output's."""

    name: str
    op: Slice | Pad
    shape: Shape
    origin: Origin


@dataclass(frozen=True)
class _Kept:
    """A tensor of the old graph: a node of the new one, and what is still to be done to it."""

    node: str
    pending: tuple[_Pending, ...] = ()


def _split(value: _Kept, op: Elementwise) -> tuple[_Kept, tuple[_Pending, ...]]:
    """Return what stays in front of an elementwise op, and what goes behind it."""
    place = len(value.pending)
    while place and _lets_pass(op, value.pending[place - 1]):
        place -= 1
    return replace(value, pending=value.pending[:place]), value.pending[place:]


def _lets_pass(op: Elementwise, entry: _Pending) -> bool:
    if isinstance(op, Sigmoid):
        return False
    if op.per_channel and not keeps_channels(entry.op, entry.shape):
        return False
    return isinstance(entry.op, Slice) or keeps_zero(op)


def _inner(origin: Origin, behind: tuple[_Pending, ...]) -> Origin:
    """Return the origin of a tensor whose selections have gone behind it."""
    for entry in reversed(behind):
        if not isinstance(entry.op, Pad):
            # More than the file's tensor holds: a tensor of our own.
            return Origin(f"{origin.tensor}/whole")
        padded = np.arange(np.prod(entry.op.infer(entry.shape)), dtype=np.int64)
        inside = tuple(
            slice(first, first + size)
            for first, size in zip(entry.op.before, entry.shape, strict=True)
        )
        origin = origin.moved(padded.reshape(entry.op.infer(entry.shape))[inside].reshape(-1))
    return origin


def _renamed(behind: tuple[_Pending, ...], origin: Origin) -> tuple[_Pending, ...]:
    """Return the selections of another tensor: the last one makes what ``origin`` names."""
    return tuple(
        replace(entry, origin=_inner(origin, behind[place + 1 :]))
        for place, entry in enumerate(behind)
    )
