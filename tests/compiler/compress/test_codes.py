"""Codes of weights under a rule, against slow definitions in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sangi.compiler.compress.codes import codes_of, mean_size, unit_of, weights_of
from sangi.compiler.compress.rule import BalancedTernary, Integer, Rule, Ternary


def weights(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32).astype(np.float64)


def masks(shape, seed=1):
    return np.random.default_rng(seed).random(shape) < 0.6


@pytest.mark.parametrize("bits", range(2, 9))
def test_integer_codes_are_the_nearest_of_the_grid(bits):
    weight, mask = weights((6, 3, 3, 5)), masks((6, 3, 3, 5))
    codes, scale = codes_of(weight, Rule(Integer(bits), mask=mask))
    largest = 2 ** (bits - 1) - 1
    assert (codes.dtype, scale.dtype, scale.shape) == (np.int8, np.float32, (6,))
    assert not codes[~mask].any()
    for row, left, row_codes, step in zip(weight, mask, codes, scale, strict=True):
        sizes = np.abs(row[left])
        expected = min(sizes.max() / largest, 2 * sizes.mean() / sqrt(largest))
        assert float(step) == pytest.approx(expected, rel=1e-6)
        distance = np.abs(row[left][:, None] - np.arange(-largest, largest + 1) * float(step))
        assert_array_equal(row_codes[left], distance.argmin(axis=1) - largest)


def test_eight_bits_reach_the_largest_code():
    codes, _ = codes_of(weights((4, 30)), Rule(Integer(8)))
    assert_array_equal(np.abs(codes).max(axis=1), [127] * 4)


@given(st.integers(0, 1000), st.floats(0, 1))
def test_ternary_is_the_sign_above_the_threshold(seed, threshold):
    weight, mask = weights((3, 2, 2, 4), seed), masks((3, 2, 2, 4), seed)
    unit = unit_of(weight, mask)
    codes, scale = codes_of(weight, Rule(Ternary(threshold), unit, mask))
    hidden = np.clip(weight / unit[:, None, None, None], -1, 1)
    expected = np.where((np.abs(hidden) > threshold) & mask, np.sign(weight), 0)
    near = np.abs(np.abs(hidden) - threshold) < 1e-12
    assert_array_equal(codes[~near], expected[~near])
    for row, row_codes, limit, step in zip(weight, codes, unit, scale, strict=True):
        sizes = np.minimum(np.abs(row), limit)[row_codes != 0]
        assert float(step) == pytest.approx(sizes.mean() if sizes.size else 1, rel=1e-6)


@given(st.integers(1, 12), st.integers(1, 9), st.floats(0, 1), st.sampled_from([(), (3,), (2, 3)]))
def test_balanced_keeps_the_largest_of_every_filter_and_bank(channels, banks, zeros, taps):
    banks = min(banks, channels)
    weight = weights((3, *taps, channels), channels)
    codes, _ = codes_of(weight, Rule(BalancedTernary(zeros, banks), unit_of(weight)))
    size = int(np.prod(taps))
    kept = max(1, min(round((1 - zeros) * channels * size / banks), channels // banks * size))
    for row, row_codes in zip(weight, codes, strict=True):
        for bank in range(banks):
            sizes, chosen = np.abs(row[..., bank::banks]), row_codes[..., bank::banks] != 0
            assert chosen.sum() == kept
            assert sizes[chosen].min() >= sizes[~chosen].max(initial=0)
    assert_array_equal(np.sign(weight)[codes != 0], codes[codes != 0])


def test_of_equal_weights_the_first_stays():
    weight = np.full((1, 8), 0.5)
    codes, _ = codes_of(weight, Rule(BalancedTernary(0.5, 2), unit_of(weight)))
    assert codes.tolist() == [[1, 1, 1, 1, 0, 0, 0, 0]]


def test_a_kept_weight_of_zero_counts_as_positive():
    weight = np.array([[0.0, 0.0, 0.0, -1.0]])
    codes, scale = codes_of(weight, Rule(BalancedTernary(0.5, 2), unit_of(weight)))
    assert codes.tolist() == [[1, 0, 0, -1]]
    assert scale.tolist() == [0.5]


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_even_masks_leave_no_code_0(bits):
    weight, mask = weights((6, 3, 3, 5)), masks((6, 3, 3, 5))
    weight[2] = 0
    weight[3, 1, 1] = 0
    codes, scale = codes_of(weight, Rule(Integer(bits), mask=mask, even=True))
    plain, plain_scale = codes_of(weight, Rule(Integer(bits), mask=mask))
    alive = np.arange(6) != 2
    assert_array_equal(codes[alive] != 0, mask[alive])
    assert not codes[2].any()
    assert_array_equal(codes[plain != 0], plain[plain != 0])
    assert_array_equal(scale, plain_scale)
    assert np.abs(codes[plain == 0]).max() == 1


@pytest.mark.parametrize("grid", [Integer(8), Integer(2), Ternary(0.3), BalancedTernary(0.5, 2)])
def test_a_filter_of_zeros_stays_one(grid):
    weight = weights((3, 8))
    weight[1] = 0
    rule = Rule(grid, unit_of(weight))
    codes, scale = codes_of(weight, rule)
    assert not codes[1].any()
    assert scale[1] == 1
    assert codes[0].any()
    assert not weights_of(weight, rule)[1].any()


@pytest.mark.parametrize("grid", [Integer(8), Ternary(0.3), BalancedTernary(0.5, 2)])
def test_scales_that_underflow_make_a_filter_of_zeros(grid):
    weight = np.full((1, 8), 1e-50)
    codes, scale = codes_of(weight, Rule(grid, np.ones(1)))
    assert not codes.any()
    assert scale.tolist() == [1]


@given(st.integers(0, 1000))
def test_means_do_not_depend_on_the_order(seed):
    rng = np.random.default_rng(seed)
    sizes = np.abs(rng.normal(size=(2, 500)) * 10.0 ** rng.integers(-12, 3, (2, 500)))
    sizes, order = sizes.astype(np.float32).astype(np.float64), rng.permutation(500)
    chosen = rng.random(sizes.shape) < 0.7
    mean = mean_size(sizes, chosen)
    assert_array_equal(mean, mean_size(sizes[:, order], chosen[:, order]))
    for row, row_chosen, value in zip(sizes, chosen, mean, strict=True):
        exact = sum(map(Fraction, row[row_chosen].tolist())) / int(row_chosen.sum())
        assert abs(value - exact) <= row.max() * 2.0**-32


def test_weights_are_codes_times_scale_in_float32():
    weight = weights((4, 3, 3, 2))
    rule = Rule(Integer(5))
    codes, scale = codes_of(weight, rule)
    values = weights_of(weight, rule)
    assert values.dtype == np.float32
    assert_array_equal(values, codes.astype(np.float32) * scale[:, None, None, None])


def test_without_a_grid_weights_are_what_the_mask_leaves():
    weight, mask = weights((4, 6)), masks((4, 6))
    assert_array_equal(weights_of(weight, Rule(mask=mask)), np.where(mask, weight, 0))
    assert_array_equal(weights_of(weight, Rule()), weight.astype(np.float32))


def test_the_unit_is_three_root_mean_squares():
    weight, mask = weights((2, 40)), masks((2, 40))
    unit = unit_of(weight, mask)
    assert_array_equal(unit, unit.astype(np.float32))
    for row, left, value in zip(weight, mask, unit, strict=True):
        assert value == pytest.approx(3 * np.sqrt(np.mean(row[left] ** 2)), rel=1e-6)


def test_rules_that_give_no_codes_are_refused():
    with pytest.raises(ValueError, match="grid must be Integer, Ternary or BalancedTernary"):
        codes_of(weights((2, 3)), Rule())
    with pytest.raises(ValueError, match="unit must be one number per filter for Ternary, not"):
        codes_of(weights((2, 3)), Rule(Ternary(0.5)))
