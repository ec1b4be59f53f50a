"""The pass byte-grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.affine import Affine
from ..ir.ops.base import Op
from ..ir.ops.quantize import Quantize
from ..ir.rebuild import rebuild
from .base import Pass
from .quantizers import is_quantized, open_inputs


@dataclass(frozen=True)
class ByteGrid(Pass):
    """Name the grid of normalized pixels where a quantized model has no quantizer for its input.

    ``Input -> Affine(1 / std, -mean / std) -> Dense`` becomes ``Input -> Affine -> Quantize(scale =
    1 / std, zero_point = mean, 0…255) -> Dense``: on bytes b, ``((b - mean) / std) / scale +
    zero_point = b`` exactly.
    """

    name: ClassVar[str] = "byte-grid"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph in which the pixels' grid is visible."""
        opened = open_inputs(graph) if is_quantized(graph) else ()
        normalized = {reader for name in opened for reader, _ in graph.consumers(name)}

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            node = builder.add(name, op, inputs, graph.origin(name))
            if name not in normalized or not isinstance(op, Affine):
                return node
            zeros = tuple(-shift / scale for scale, shift in zip(op.scale, op.shift, strict=True))
            grid = Quantize(op.scale, zeros, 0, 255, zero_first=True)
            return builder.add(f"{name}/quantize", grid, [node], graph.origin(name))

        return rebuild(graph, visit)
