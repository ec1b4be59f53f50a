"""The pass narrow-quantizer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Op
from ..ir.ops.clip import Clip
from ..ir.ops.quantize import Quantize
from ..ir.ops.relu import Relu
from ..ir.rebuild import only_consumer, rebuild
from ..lower.exact import Rounded
from .base import Pass


@dataclass(frozen=True)
class NarrowQuantizer(Pass):
    """Take only the codes into a quantizer's range that a limit beside it lets through.

    * ``Clip(a, b) -> Quantize(low, high)`` becomes ``Quantize(q(a), q(b))``, where q is the
      quantizer itself: it never falls, so ``q(min(max(x, a), b)) = min(max(q(x), q(a)), q(b))``.
      So does Relu, with a = 0 and no b.
    * ``Quantize(low, high) -> Quantize(low', high')`` on one grid becomes one Quantize of
      ``low … high``, each limited to ``low' … high'``: what lies on a grid is rounded to itself.
      Where other nodes read the first one it stays, and two streams of codes with it.

    With fewer codes the stream behind needs fewer bits: this is how 4-bit activations travel in
    an INT8 file.
    """

    name: ClassVar[str] = "narrow-quantizer"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with narrower quantizers."""

        made_of: dict[str, str] = {}

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            alone = True
            while isinstance(op, Quantize):
                before = builder.op(inputs[0])
                alone = alone and only_consumer(graph, made_of[inputs[0]]) is not None
                narrow = None
                if isinstance(before, Clip | Relu):
                    narrow = _limited(op, before)
                elif isinstance(before, Quantize) and alone:
                    narrow = _joined(before, op)
                if narrow is None:
                    break
                op, inputs = narrow, builder.inputs(inputs[0])
            made = builder.add(name, op, inputs, graph.origin(name))
            made_of[made] = name
            return made

        return rebuild(graph, visit)


def _limited(grid: Quantize, limit: Clip | Relu) -> Quantize | None:
    """Return the quantizer with the limits in its range; None where channels would differ."""
    low, high = (Fraction(0), None) if isinstance(limit, Relu) else (limit.low, limit.high)
    if low is not None and high is not None and low > high:
        return None
    lows = {grid.low} if low is None else _codes(grid, low)
    highs = {grid.high} if high is None else _codes(grid, high)
    if len(lows) > 1 or len(highs) > 1:
        return None
    return replace(grid, low=lows.pop(), high=highs.pop())


def _codes(grid: Quantize, value: Fraction) -> set[int]:
    codes = set()
    for scale, zero in zip(grid.scale, grid.zero_point, strict=True):
        inside, outside = (Fraction(zero), 0) if grid.zero_first else (Fraction(0), int(zero))
        function = Rounded(1 / scale, inside, outside, grid.low, grid.high, grid.rounding)
        codes.add(function.at(value))
    return codes


def _joined(first: Quantize, second: Quantize) -> Quantize | None:
    """Return both quantizers as one; None where they have different grids."""
    if (first.scale, first.zero_point) != (second.scale, second.zero_point):
        return None
    low, high = (min(max(end, second.low), second.high) for end in (first.low, first.high))
    return replace(first, low=low, high=high)
