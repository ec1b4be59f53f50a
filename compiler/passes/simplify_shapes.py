"""The pass simplify-shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Elementwise, Op, Shape
from ..ir.ops.input import Input
from ..ir.ops.reshape import Reshape
from ..ir.ops.transpose import Transpose
from ..ir.rebuild import rebuild
from .base import Pass


@dataclass(frozen=True)
class SimplifyShapes(Pass):
    """Remove Reshapes and Transposes that do nothing, and join those that follow each other.

    * a Transpose that moves only axes of size 1 is a Reshape;
    * ``reshape_b(reshape_a(x)) = reshape_b(x)``; a Reshape to the same shape is nothing;
    * ``f(reshape(input)) = reshape(f(input))`` for f that treats elements alike: the input's
      quantizer comes first.
    """

    name: ClassVar[str] = "simplify-shapes"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with fewer Reshapes."""

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            origin = graph.origin(name)
            if isinstance(op, Transpose) and _is_reshape(op, builder.shape(inputs[0])):
                op = Reshape(op.infer(builder.shape(inputs[0])))
            if isinstance(op, Reshape):
                source = _behind_reshapes(builder, inputs[0])
                if builder.shape(source) == op.shape:
                    return source
                return builder.add(name, op, [source], origin)
            if isinstance(op, Elementwise) and not op.per_channel:
                source = _behind_reshapes(builder, inputs[0])
                if source != inputs[0] and isinstance(builder.op(_root(builder, source)), Input):
                    moved = builder.add(name, op, [source], origin)
                    shape = Reshape(builder.shape(inputs[0]))
                    return builder.add(f"{name}/reshape", shape, [moved])
            return builder.add(name, op, inputs, origin)

        return rebuild(graph, visit)


def _is_reshape(op: Transpose, shape: Shape) -> bool:
    moving = [axis for axis in op.perm if shape[axis] != 1]
    return moving == sorted(moving)


def _behind_reshapes(builder: GraphBuilder, name: str) -> str:
    while isinstance(builder.op(name), Reshape):
        (name,) = builder.inputs(name)
    return name


def _root(builder: GraphBuilder, name: str) -> str:
    while isinstance(builder.op(name), Elementwise):
        (name,) = builder.inputs(name)
    return name
