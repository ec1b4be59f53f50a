"""The pass before-concat."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.affine import Affine
from ..ir.ops.base import Op
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.clip import Clip
from ..ir.ops.concat import Concat
from ..ir.ops.multithreshold import MultiThreshold
from ..ir.ops.quantize import Quantize
from ..ir.ops.relu import Relu
from ..ir.rebuild import only_consumer, rebuild
from .base import Pass

_MOVED = Relu | Clip | Affine | BatchNorm | Quantize | MultiThreshold


@dataclass(frozen=True)
class BeforeConcat(Pass):
    """Move elementwise ops in front of the Concat that they follow.

    ``Concat(a, b) -> Relu -> Quantize`` becomes ``Concat(a -> Relu -> Quantize, b -> Relu ->
    Quantize)``: f of joined tensors is the joined f of each, where constants per channel are cut
    as the channels are. So layers meet their quantizers, what is joined are codes on one grid, and
    a quantizer changes nothing where an input lies on that grid already. Done where nothing else
    reads the Concat.
    """

    name: ClassVar[str] = "before-concat"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with every Concat as far down as its only readers allow."""
        behind = {
            name: _followers(graph, name)
            for name in graph.order()
            if isinstance(graph.op(name), Concat)
        }
        gone = {name for names in behind.values() for name in names}

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            if name in gone:
                return inputs[0]
            names = behind.get(name, ())
            if not isinstance(op, Concat) or not names:
                return builder.add(name, op, inputs, graph.origin(name))
            last = len(graph.shape(name)) - 1
            parts, start = [], 0
            for number, source in enumerate(inputs):
                channels = builder.shape(source)[-1]
                for follower in names:
                    part = graph.op(follower)
                    if op.axis == last:
                        part = _cut(part, start, start + channels)
                    # No tensor of the file: its name must be none's.
                    tensor = f"{graph.tensor(follower)}/before_concat_{number}"
                    source = builder.add(f"{follower}/{number}", part, [source], tensor)
                parts.append(source)
                start += channels
            return builder.add(name, op, parts, graph.origin(names[-1]))

        return rebuild(graph, visit)


def _followers(graph: Graph, name: str) -> tuple[str, ...]:
    """Return the elementwise ops behind a node, each the only reader of what is before it."""
    names: list[str] = []
    while (reader := only_consumer(graph, name)) is not None:
        if not isinstance(graph.op(reader), _MOVED):
            break
        names.append(reader)
        name = reader
    return tuple(names)


def _cut(op: Op, start: int, stop: int) -> Op:
    """Return an elementwise op for the channels ``start`` … ``stop - 1`` alone."""
    if isinstance(op, Affine | BatchNorm) and op.per_channel:
        return replace(op, scale=op.scale[start:stop], shift=op.shift[start:stop])
    if isinstance(op, Quantize) and op.per_channel:
        return replace(op, scale=op.scale[start:stop], zero_point=op.zero_point[start:stop])
    if isinstance(op, MultiThreshold) and op.per_channel:
        return replace(op, thresholds=op.thresholds[start:stop])
    return op
