"""The requantizer search against exact fractions, at every integer of the input's range."""

from fractions import Fraction
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.lower.exact import Rounded
from sangi.compiler.lower.requantize import (
    MAX_STEPS,
    multiply_shift,
    requantizer,
    shift_ties,
    thresholds,
    whole,
)
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.base import Op, TensorType
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.threshold import Threshold

from .nets import rounded


def oracle(f: Rounded, x: int) -> int:
    """The definition of the rounding mode, in fractions."""
    code = rounded(f.scale * x + f.shift, f.rounding) + f.zero_point
    return min(max(code, f.low), f.high)


def assert_equal(op: Op, functions: list[Rounded], low: int, high: int) -> None:
    """Compare the op with the oracle on the whole range."""
    type_ = TensorType((len(functions),), low, high)
    x = np.repeat(np.arange(low, high + 1)[:, None], len(functions), axis=1)
    y = op.apply(x.astype(type_.dtype))
    expected = np.array([[oracle(f, int(v)) for f in functions] for v in x[:, 0]])
    assert np.array_equal(y, expected)
    out = op.infer(type_)
    assert out.low <= expected.min() and expected.max() <= out.high


float32 = st.floats(2**-12, 4, width=32).map(Fraction)
dyadic = st.builds(lambda p, k: Fraction(p, 2**k), st.integers(-40, 40), st.integers(0, 6))
simple = st.builds(Fraction, st.integers(-60, 60), st.integers(1, 60))
scales = st.one_of(
    float32,
    float32.map(lambda x: -x),
    dyadic,
    simple,
    st.builds(lambda a, b: a / b, float32, float32),
)
shifts = st.one_of(
    dyadic, simple, st.floats(-500, 500, width=32).map(Fraction), st.just(Fraction(1, 2))
)
grids = st.sampled_from([(-128, 127), (0, 255), (-8, 7), (0, 1), (-1, 1), (0, 15)])


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Rounded], int, int]:
    low, high = draw(grids)
    zero = draw(st.one_of(st.sampled_from([low, high, 0]), st.integers(low, high)))
    mode = draw(st.one_of(st.just(Rounding.HALF_EVEN), st.sampled_from(Rounding)))
    # With QONNX the zero point is added before rounding.
    inside, outside = draw(st.sampled_from([(0, zero), (zero, 0), (zero + Fraction(1, 2), 0)]))
    functions = [
        Rounded(draw(scales), draw(shifts) + inside, outside, low, high, mode)
        for _ in range(draw(st.integers(1, 3)))
    ]
    first = draw(st.integers(-700, 100))
    return functions, first, first + draw(st.integers(0, 900))


@settings(max_examples=150, deadline=None)
@given(cases())
def test_always_exact(case: tuple[list[Rounded], int, int]) -> None:
    functions, low, high = case
    assert_equal(requantizer(functions, low, high), functions, low, high)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_thresholds_always_hold(case: tuple[list[Rounded], int, int]) -> None:
    functions, low, high = case
    assert_equal(thresholds(functions, low, high), functions, low, high)


@settings(max_examples=100, deadline=None)
@given(cases())
def test_each_form_is_exact_where_it_is_given(case: tuple[list[Rounded], int, int]) -> None:
    functions, low, high = case
    for form in (whole, multiply_shift, shift_ties):
        op = form(functions, low, high)
        if op is not None:
            assert_equal(op, functions, low, high)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(-63, 63), st.integers(1, 7), st.integers(-300, 300), st.sampled_from([-128, 0, 64])
)
def test_binary_fractions_need_no_thresholds(p: int, k: int, b: int, zero: int) -> None:
    f = [Rounded(Fraction(p, 2**k), Fraction(b, 2**k), zero, -128, 127)]
    op = requantizer(f, -600, 600)
    assert isinstance(op, Requantize)
    assert_equal(op, f, -600, 600)


def test_ties_alternate() -> None:
    f = [Rounded(Fraction(1, 2), Fraction(0), 0, -128, 127)]
    assert multiply_shift(f, -100, 100) is None
    op = requantizer(f, -100, 100)
    assert isinstance(op, Requantize) and op.ties
    assert_equal(op, f, -100, 100)


def test_odd_zero_point_keeps_half_to_even() -> None:
    f = [Rounded(Fraction(1, 2), Fraction(0), 3, -128, 127)]
    op = requantizer(f, -300, 300)
    assert isinstance(op, Threshold)
    assert_equal(op, f, -300, 300)


def test_channels_of_either_sign_and_none() -> None:
    f = [
        Rounded(Fraction(a) / 997, Fraction(b), -128, -128, 127)
        for a, b in ((3, 0), (-5, 128), (0, 77), (-1, 0), (0, -300), (900, 0))
    ]
    op = requantizer(f, -700, 800)
    assert isinstance(op, Requantize)
    assert_equal(op, f, -700, 800)


def test_channels_with_clips_of_their_own() -> None:
    f = [
        Rounded(Fraction(1, 7), Fraction(0), 0, -4, 3),
        Rounded(Fraction(1, 9), Fraction(1), 0, 0, 7),
        Rounded(Fraction(-1, 9), Fraction(1), 0, -1, 7),
    ]
    assert_equal(requantizer(f, -100, 100), f, -100, 100)


def test_one_value_out() -> None:
    f = [Rounded(Fraction(1, 7), Fraction(0), 0, 5, 5)]
    assert_equal(requantizer(f, -100, 100), f, -100, 100)


def test_single_input() -> None:
    f = [Rounded(Fraction(1, 7), Fraction(0), 0, -128, 127)]
    assert_equal(requantizer(f, 9, 9), f, 9, 9)


@pytest.mark.parametrize("seed", range(3))
def test_whole_layer_is_found_fast_and_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scale = [Fraction(float(s)) for s in rng.uniform(2e-4, 4e-3, 64).astype(np.float32)]
    bias = [Fraction(float(b)) for b in rng.uniform(-40, 40, 64).astype(np.float32)]
    out = Fraction(float(np.float32(0.0234)))
    f = [Rounded(s / out, b / out, -128, -128, 127) for s, b in zip(scale, bias, strict=True)]
    low, high = -600_000, 600_000
    start = process_time()
    op = requantizer(f, low, high)
    assert process_time() - start < 1
    assert isinstance(op, Requantize)
    assert int(np.abs(op.multiplier).max()).bit_length() <= 26
    # Every function is monotone: it is right everywhere if it is right beside every step.
    for c, function in enumerate(f):
        steps = function.first(low, high)
        x = np.unique(np.concatenate([steps - 1, steps, [low, high]]).astype(np.int64))
        x = x[(x >= low) & (x <= high)]
        wide = np.repeat(x[:, None], 64, axis=1).astype(np.int32)
        assert op.apply(wide)[:, c].tolist() == [oracle(function, int(v)) for v in x]


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
    assert_equal(requantizer(f, -70, 70), f, -70, 70)


@pytest.mark.parametrize("mode", Rounding)
def test_whole_factors_need_no_search_however_wide(mode: Rounding) -> None:
    f = [Rounded(Fraction(s), Fraction(9), -3, -(2**31), 2**31 - 1, mode) for s in (1, -700, 0)]
    op = requantizer(f, -(2**20), 2**20)
    assert isinstance(op, Requantize)
    x = np.array([-(2**20), -1, 0, 1, 2**20])[:, None].repeat(3, axis=1)
    assert op.apply(x).tolist() == [[oracle(g, int(v)) for g in f] for v in x[:, 0]]


def test_wide_codes_are_searched_within_reach() -> None:
    f = [Rounded(Fraction(1, 3), Fraction(0), 5, -(2**31), 2**31 - 1)]
    assert_equal(requantizer(f, -128, 127), f, -128, 127)


def test_16_bits_are_found_fast_and_exact() -> None:
    rng = np.random.default_rng(5)
    scale = [Fraction(float(s)) for s in rng.uniform(2e-4, 4e-3, 64).astype(np.float32)]
    out = Fraction(float(np.float32(9e-5)))
    f = [Rounded(s / out, s * 7 / out, 0, -(2**15), 2**15 - 1) for s in scale]
    low, high = -9_000, 9_000
    start = process_time()
    op = requantizer(f, low, high)
    assert process_time() - start < 6
    assert isinstance(op, Requantize)
    x = rng.integers(low, high + 1, (40, 1)).repeat(64, axis=1)
    assert op.apply(x).tolist() == [
        [oracle(g, int(v)) for g, v in zip(f, row, strict=True)] for row in x
    ]


def test_tables_of_many_steps_are_of_narrow_inputs() -> None:
    # Ties to even and an odd zero point: no multiplication gives them.
    f = [Rounded(Fraction(17, 2), Fraction(0), 1, -(2**15), 2**15 - 1)]
    op = requantizer(f, -128, 127)
    assert isinstance(op, Lookup)
    assert_equal(op, f, -128, 127)
    with pytest.raises(ValueError, match=f"codes must have at most {MAX_STEPS} steps .* not 17000"):
        requantizer(f, -1000, 1000)


@given(scales.filter(lambda s: s > 0), shifts, st.integers(-8, 7))
@settings(max_examples=80, deadline=None)
def test_first_places(scale: Fraction, shift: Fraction, zero: int) -> None:
    f = Rounded(scale, shift, zero, -8, 7)
    y = [oracle(f, x) for x in range(-60, 61)]
    for j, place in zip(range(-7, 8), f.first(-60, 60), strict=True):
        expected = next((x for x, v in zip(range(-60, 61), y, strict=True) if v >= j), 61)
        assert place == expected
        assert [f(x) for x in range(-60, 61)] == y
