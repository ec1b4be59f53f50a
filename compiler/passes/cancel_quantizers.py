"""The pass cancel-quantizers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Op
from ..ir.ops.quantize import Quantize
from ..ir.rebuild import rebuild
from .base import Pass
from .grids import grid_of


@dataclass(frozen=True)
class CancelQuantizers(Pass):
    """Remove a Quantize whose input lies on its grid already.

    ``Quantize(g) -> MaxPool -> Quantize(g)`` becomes ``Quantize(g) -> MaxPool``: for a code q of
    g, ``round((q - zp) * s / s) + zp = q`` exactly.
    """

    name: ClassVar[str] = "cancel-quantizers"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with fewer quantizers."""

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            if isinstance(op, Quantize):
                grid = grid_of(builder, inputs[0])
                if grid is not None and _includes(op, grid):
                    return inputs[0]
            return builder.add(name, op, inputs, graph.origin(name))

        return rebuild(graph, visit)


def _includes(outer: Quantize, inner: Quantize) -> bool:
    same = (outer.scale, outer.zero_point) == (inner.scale, inner.zero_point)
    return same and outer.low <= inner.low and inner.high <= outer.high
