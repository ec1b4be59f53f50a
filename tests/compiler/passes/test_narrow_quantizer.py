"""The pass narrow-quantizer, in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.passes.dead_code import DeadCode
from sangi.compiler.passes.narrow_quantizer import NarrowQuantizer
from sangi.runtime.numerics import Rounding

from .graphs import chain, kinds

THIRD = Fraction(1, 3)


def narrowed(graph: Graph) -> Graph:
    return DeadCode()(NarrowQuantizer()(graph)).verify()


def quantizers(graph: Graph) -> list[Quantize]:
    return [op for op in map(graph.op, graph.order()) if isinstance(op, Quantize)]


def grid(low: int, high: int, scale: Fraction = THIRD, zero: int = 1) -> Quantize:
    return Quantize((scale,), (zero,), low, high)


def rounded(value: Fraction, mode: Rounding) -> int:
    if mode is Rounding.HALF_EVEN:
        return round(value)
    assert mode is Rounding.FLOOR
    return floor(value)


def real(op: Op, x: Fraction) -> Fraction:
    """What an op of one scale makes of a number, straight from its docstring."""
    if isinstance(op, Relu):
        return max(x, Fraction(0))
    if isinstance(op, Clip):
        x = x if op.low is None else max(x, op.low)
        return x if op.high is None else min(x, op.high)
    assert isinstance(op, Quantize)
    (scale,), (zero,) = op.scale, op.zero_point
    if op.zero_first:
        code = Fraction(rounded(x / scale + zero, op.rounding))
    else:
        code = rounded(x / scale, op.rounding) + Fraction(zero)
    return (min(max(code, Fraction(op.low)), Fraction(op.high)) - zero) * scale


@pytest.mark.parametrize("rounding", [Rounding.HALF_EVEN, Rounding.FLOOR])
@pytest.mark.parametrize("zero_first", [False, True])
def test_random_chains_keep_every_number(rounding: Rounding, zero_first: bool) -> None:
    random = np.random.default_rng(3)
    shorter = 0
    for _ in range(80):
        ops: list[Op] = []
        zero = int(random.integers(-3, 4))
        for _ in range(int(random.integers(2, 6))):
            low = int(random.integers(-9, 6))
            high = low + int(random.integers(0, 12))
            limits = sorted(Fraction(int(x), 6) for x in random.integers(-20, 20, 2))
            ops.append(
                (
                    Relu(),
                    Clip(limits[0], None),
                    Clip(None, limits[1]),
                    Clip(limits[0], limits[1]),
                    Quantize((THIRD,), (zero,), low, high, rounding, zero_first),
                    Quantize((THIRD,), (zero,), low, high, rounding, zero_first),
                )[int(random.integers(0, 6))]
            )
        before = chain((4,), *ops)
        after = narrowed(before)
        left = [after.op(name) for name in after.order()][1:]
        shorter += len(left) < len(ops)
        for twelfths in range(-60, 60):
            want = got = Fraction(twelfths, 12)
            for op in ops:
                want = real(op, want)
            for op in left:
                got = real(op, got)
            assert got == want, (ops, left)
    assert shorter > 40


def test_a_clip_on_both_sides_and_its_name() -> None:
    graph = chain(
        (4,), Clip(Fraction(-1), None), grid(-128, 127), Clip(None, Fraction(2)), grid(-8, 127)
    )
    after = narrowed(graph)
    assert after.order() == ("x", "n3")
    (op,) = quantizers(after)
    # -1 is the code -3 + 1 and 2 the code 6 + 1.
    assert (op.low, op.high) == (-2, 7)
    assert after.origin("n3").tensor == "n3"


def test_relu_is_a_limit_too() -> None:
    (op,) = quantizers(narrowed(chain((4,), Relu(), grid(-128, 127))))
    assert (op.low, op.high) == (1, 127)


def test_what_is_left_alone() -> None:
    other = grid(-8, 7, Fraction(1, 2))
    assert kinds(narrowed(chain((4,), grid(-128, 127), other))) == ["Input", "Quantize", "Quantize"]
    crossed = chain((4,), Clip(Fraction(2), Fraction(1)), grid(-128, 127))
    assert kinds(narrowed(crossed)) == ["Input", "Clip", "Quantize"]
    channels = Quantize((THIRD, Fraction(1, 2)), (1, 1), -128, 127)
    assert kinds(narrowed(chain((2,), Clip(Fraction(-1), None), channels))) == [
        "Input",
        "Clip",
        "Quantize",
    ]
    # The code of 0 is the zero point in every channel.
    (op,) = quantizers(narrowed(chain((2,), Relu(), channels)))
    assert (op.low, op.high) == (1, 127)


def test_a_stream_that_others_read_whole_stays_whole() -> None:
    builder = GraphBuilder("fork")
    x = builder.add("x", Input("x", (4, 4, 2), "NHWC"))
    wide = builder.add("wide", grid(-128, 127), [x])
    limit = builder.add("limit", Relu(), [wide])
    narrow = builder.add("narrow", grid(-128, 127), [limit])
    pool = builder.add("pool", MaxPool((2, 2), (2, 2)), [wide])
    after = narrowed(builder.build([(narrow, "a"), (pool, "b")]))
    assert after.order() == ("x", "wide", "narrow", "pool")
    assert after.inputs("narrow") == ("wide",)
    assert [(op.low, op.high) for op in quantizers(after)] == [(-128, 127), (1, 127)]
