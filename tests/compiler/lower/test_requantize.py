"""The requantizer search against exact fractions, at every integer of the input's range."""

from fractions import Fraction
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.lower.exact import Rounded
from sangi.compiler.lower.requantize import multiply_shift, requantizer, shift_ties, whole
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.requantize import Requantize

from .functions import assert_equal, cases, oracle


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


def test_an_odd_zero_point_has_no_single_op() -> None:
    assert requantizer([Rounded(Fraction(1, 2), Fraction(0), 3, -128, 127)], -300, 300) is None


def test_channels_of_either_sign_and_none() -> None:
    f = [
        Rounded(Fraction(a) / 997, Fraction(b), -128, -128, 127)
        for a, b in ((3, 0), (-5, 128), (0, 77), (-1, 0), (0, -300), (900, 0))
    ]
    op = requantizer(f, -700, 800)
    assert isinstance(op, Requantize)
    assert_equal(op, f, -700, 800)


def test_one_value_out() -> None:
    f = [Rounded(Fraction(1, 7), Fraction(0), 0, 5, 5)]
    op = requantizer(f, -100, 100)
    assert op is not None
    assert_equal(op, f, -100, 100)


def test_single_input() -> None:
    for scale, x in ((Fraction(1, 7), 9), (Fraction(1 << 80), 0), (Fraction(3**60, 7), 0)):
        f = [Rounded(scale, Fraction(5, 3), 0, -128, 127)]
        op = requantizer(f, x, x)
        assert op is not None
        assert_equal(op, f, x, x)


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


@pytest.mark.parametrize("mode", Rounding)
def test_whole_factors_need_no_search_however_wide(mode: Rounding) -> None:
    f = [Rounded(Fraction(s), Fraction(9), -3, -(2**31), 2**31 - 1, mode) for s in (1, -700, 0)]
    op = requantizer(f, -(2**20), 2**20)
    assert isinstance(op, Requantize)
    x = np.array([-(2**20), -1, 0, 1, 2**20])[:, None].repeat(3, axis=1)
    assert op.apply(x).tolist() == [[oracle(g, int(v)) for g in f] for v in x[:, 0]]


def test_wide_codes_are_searched_within_reach() -> None:
    f = [Rounded(Fraction(1, 3), Fraction(0), 5, -(2**31), 2**31 - 1)]
    op = requantizer(f, -128, 127)
    assert op is not None
    assert_equal(op, f, -128, 127)


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
