"""The pass remove-relu."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Op
from ..ir.ops.clip import Clip
from ..ir.ops.quantize import Quantize
from ..ir.ops.relu import Relu
from ..ir.rebuild import rebuild
from .base import Pass


@dataclass(frozen=True)
class RemoveRelu(Pass):
    """Take away a Relu or Clip whose work the clamp of the following Quantize does.

    ``Relu -> Quantize(low = zero_point)`` becomes ``Quantize``. With the grid's ends
    ``a = (low - zero_point) * scale`` and ``b = (high - zero_point) * scale``, and
    ``lower <= a`` and ``b <= upper``: rounding never falls, so what Clip(lower, upper) raises to
    ``lower`` or cuts to ``upper`` is clamped to the same code either way.
    """

    name: ClassVar[str] = "remove-relu"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with fewer Relus."""

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            if isinstance(op, Quantize):
                source = inputs[0]
                while _is_covered(builder.op(source), op):
                    (source,) = builder.inputs(source)
                inputs = (source,)
            return builder.add(name, op, inputs, graph.origin(name))

        return rebuild(graph, visit)


def _is_covered(op: Op, grid: Quantize) -> bool:
    lower: Fraction | None
    upper: Fraction | None
    if isinstance(op, Relu):
        lower, upper = Fraction(0), None
    elif isinstance(op, Clip) and (op.low is None or op.high is None or op.low <= op.high):
        lower, upper = op.low, op.high
    else:
        return False
    pairs = list(zip(grid.scale, grid.zero_point, strict=True))
    return (lower is None or all(lower <= (grid.low - zp) * s for s, zp in pairs)) and (
        upper is None or all((grid.high - zp) * s <= upper for s, zp in pairs)
    )
