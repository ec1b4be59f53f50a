"""The pass keep-grid."""

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
from .grids import grid_of


@dataclass(frozen=True)
class KeepGrid(Pass):
    """Name the grid of a Relu or Clip over quantized values by a Quantize behind it.

    ``Quantize(g) -> Relu -> Conv`` becomes ``Quantize(g) -> Relu -> Quantize(g) -> Conv``:
    limits that lie on the grid leave values on the grid, where Quantize(g) changes nothing.
    """

    name: ClassVar[str] = "keep-grid"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph in which every grid is visible."""

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            node = builder.add(name, op, inputs, graph.origin(name))
            if not isinstance(op, Relu | Clip):
                return node
            readers = [graph.op(reader) for reader, _ in graph.consumers(name)]
            if all(isinstance(reader, Quantize) for reader in readers):
                return node
            grid = grid_of(builder, inputs[0])
            limits = (Fraction(0),) if isinstance(op, Relu) else (op.low, op.high)
            if grid is None or not all(_on_grid(limit, grid) for limit in limits):
                return node
            return builder.add(f"{name}/quantize", grid, [node])

        return rebuild(graph, visit)


def _on_grid(limit: Fraction | None, grid: Quantize) -> bool:
    if limit is None:
        return True
    codes = [limit / s + zp for s, zp in zip(grid.scale, grid.zero_point, strict=True)]
    return all(code.denominator == 1 and grid.low <= code <= grid.high for code in codes)
