"""Requantizers of one or two ops against exact fractions, at every integer."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.lower.exact import Rounded
from sangi.compiler.lower.two_ops import counted_from_ends, requantizers
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.threshold import Threshold

from .functions import assert_equal, cases
from .nets import Net, kinds


@settings(max_examples=150, deadline=None)
@given(cases())
def test_always_exact(case: tuple[list[Rounded], int, int]) -> None:
    functions, low, high = case
    assert_equal(requantizers(functions, low, high), functions, low, high)


@settings(max_examples=100, deadline=None)
@given(
    st.builds(Fraction, st.integers(-9, 9), st.sampled_from([1, 2, 4])),
    st.builds(Fraction, st.integers(-9, 9), st.sampled_from([1, 2, 4])),
    st.sampled_from(Rounding),
    st.integers(1, 8),
    st.booleans(),
    st.integers(-3, 3),
)
def test_ties_of_every_mode(
    scale: Fraction, shift: Fraction, mode: Rounding, bits: int, signed: bool, zero: int
) -> None:
    low = -(1 << bits - 1) if signed else 0
    f = [Rounded(scale, shift, zero, low, low + (1 << bits) - 1, mode)]
    assert_equal(requantizers(f, -70, 70), f, -70, 70)


def test_odd_zero_points_are_added_behind_the_shift() -> None:
    half = Fraction(1, 2)
    f = [Rounded(half, Fraction(0), 3, -128, 127), Rounded(half, half, -4, -128, 127)]
    for functions in (f[:1], f):
        ops = requantizers(functions, -300, 300)
        assert [type(op) for op in ops] == [Requantize, Requantize]
        assert_equal(ops, functions, -300, 300)
    few = [Rounded(half, Fraction(0), 3, 0, 15)]
    assert [type(op) for op in requantizers(few, -300, 300)] == [Threshold]


numbers = st.one_of(
    st.floats(-4, 4, width=32).map(Fraction),
    st.builds(Fraction, st.integers(-40, 40), st.sampled_from([1, 2, 4])),
)
ends = st.tuples(st.booleans(), st.integers(-128, 127))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(numbers, numbers, ends), min_size=2, max_size=4),
    st.sampled_from(Rounding),
    st.integers(-3, 3),
)
def test_two_ops_are_the_function(
    channels: list[tuple[Fraction, Fraction, tuple[bool, int]]], mode: Rounding, zero: int
) -> None:
    functions = [Rounded(Fraction(1, 9), Fraction(0), zero, -128, 127, mode)]
    for scale, shift, (below, end) in channels:
        low, high = (end, 127) if below else (-128, end)
        functions.append(Rounded(scale, shift, zero, low, high, mode))
    pair = counted_from_ends(functions, -400, 300)
    if pair is None:
        return
    x = np.arange(-400, 301)[:, None].repeat(len(functions), axis=1)
    y = pair[1].apply(pair[0].apply(x))
    assert y.tolist() == [[f(int(v)) for f, v in zip(functions, row, strict=True)] for row in x]


def test_nothing_is_gained_where_channels_share_no_end() -> None:
    wide = Rounded(Fraction(1, 7), Fraction(0), 0, -128, 127)
    inner = Rounded(Fraction(1, 7), Fraction(0), 0, -3, 3)
    few = Rounded(Fraction(1, 7), Fraction(0), 0, 0, 7)
    assert counted_from_ends([wide, inner], -100, 100) is None
    assert counted_from_ends([wide, wide], -100, 100) is None
    assert counted_from_ends([few, Rounded(Fraction(1), Fraction(0), 0, 2, 7)], -9, 9) is None


@pytest.mark.parametrize("mode", [Rounding.HALF_EVEN, Rounding.FLOOR])
def test_batchnorm_of_either_sign_behind_a_relu(mode: Rounding) -> None:
    net = Net(1)
    net.bytes()
    net.conv("c", 4)
    net.add("relu", Relu())
    gamma = tuple(Fraction(float(np.float32(g))) for g in (0.4, -0.3, 0.7, -0.05))
    net.add("bn", BatchNorm(gamma, tuple(map(Fraction, (3, 100, -20, 9)))))
    net.quantize("q", -300, 300)
    op = net.builder.op("q")
    net.add("r", type(op)(op.scale, op.zero_point, op.low, op.high, mode), "bn")
    program = net.check("q", "r")
    assert kinds(program)[-4:] == ["Requantize"] * 4
