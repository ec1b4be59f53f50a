"""Quantizers in float64 against exact rationals, and what noise must not do."""

from __future__ import annotations

import decimal
from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.execute.real.quantize import codes_of, is_near_edge, round_to_grid
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.runtime.numerics import Rounding

RULES = {
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_DOWN: decimal.ROUND_HALF_DOWN,
    Rounding.UP: decimal.ROUND_UP,
    Rounding.DOWN: decimal.ROUND_DOWN,
    Rounding.CEIL: decimal.ROUND_CEILING,
    Rounding.FLOOR: decimal.ROUND_FLOOR,
}
"""Python's own names of the same rules: the oracle."""


def whole(value: Fraction, rounding: Rounding) -> int:
    """Round a number with a short decimal expansion."""
    exact = decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)
    return int(exact.to_integral_value(RULES[rounding]))


def grid(rounding: Rounding, zero_first: bool, zero: Fraction | int) -> Quantize:
    return Quantize((Fraction(3, 8),), (zero,), -20, 20, rounding, zero_first)


@pytest.mark.parametrize("zero_first", [False, True])
@pytest.mark.parametrize("rounding", Rounding)
def test_all_roundings_are_exact(rounding: Rounding, zero_first: bool) -> None:
    for zero in (-3, 0, 5) if not zero_first else (-3, Fraction(1, 2), 5):
        op = grid(rounding, zero_first, zero)
        quotients = [Fraction(n, 8) for n in range(-200, 201)]
        if zero_first:
            want = [whole(q + zero, rounding) for q in quotients]
        else:
            want = [whole(q, rounding) + int(zero) for q in quotients]
        codes = np.clip(want, op.low, op.high)
        x = np.array([float(q * op.scale[0]) for q in quotients])
        np.testing.assert_array_equal(codes_of(op, x), codes)
        np.testing.assert_array_equal(round_to_grid(op, x), (codes - float(zero)) * 0.375)


@pytest.mark.parametrize("zero_first", [False, True])
@pytest.mark.parametrize("rounding", Rounding)
def test_noise_decides_nothing(rounding: Rounding, zero_first: bool) -> None:
    op = grid(rounding, zero_first, 3)
    # Every tie and every whole number within the range, and the same a little off.
    x = np.arange(-34, 35) / 2 * 0.375
    for noise in (-1e-12, 1e-12):
        np.testing.assert_array_equal(codes_of(op, x * (1 + noise) + noise), codes_of(op, x))


def test_what_is_no_noise_decides() -> None:
    x = np.array([2.5 - 1e-7, 2.5, 2.5 + 1e-7, 2 - 1e-7, 2 + 1e-7])
    for rounding, want in (
        (Rounding.HALF_EVEN, [2, 2, 3, 2, 2]),
        (Rounding.HALF_UP, [2, 3, 3, 2, 2]),
        (Rounding.CEIL, [3, 3, 3, 2, 3]),
        (Rounding.FLOOR, [2, 2, 2, 1, 2]),
    ):
        op = Quantize((Fraction(1),), (0,), -9, 9, rounding)
        np.testing.assert_array_equal(codes_of(op, x), want)


def test_edges_are_those_of_the_rounding() -> None:
    x = np.array([2.5, 2.5 + 1e-12, 2.5 + 1e-6, 3, 3 - 1e-12])
    nearest = Quantize((Fraction(1),), (0,), -9, 9)
    np.testing.assert_array_equal(is_near_edge(nearest, x), [True, True, False, False, False])
    floor = Quantize((Fraction(1),), (0,), -9, 9, Rounding.FLOOR)
    np.testing.assert_array_equal(is_near_edge(floor, x), [False, False, False, True, True])


def test_scales_per_channel() -> None:
    op = Quantize((Fraction(1), Fraction(1, 4)), (0, 7), 0, 15)
    x = np.array([[[3.4, -1.0]], [[99.0, 99.0]]])
    np.testing.assert_array_equal(codes_of(op, x), [[[3, 3]], [[15, 15]]])
    np.testing.assert_array_equal(round_to_grid(op, x), [[[3, -1]], [[15, 2]]])
