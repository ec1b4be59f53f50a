"""Grids over ranges: few bits and many."""

from __future__ import annotations

import numpy as np
import pytest

from sangi.compiler.quantize.ranges import Range, best_range, grid, histogram, observed, rounded


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
@pytest.mark.parametrize("span", [Range(0, 6), Range(-1, 3)])
def test_grids_reach_both_ends_and_hold_zero(bits, span):
    found = grid(span, bits)
    scale, zero_point = float(found.scale[0]), found.zero_point[0]
    assert (found.low, found.high) == (0, 2**bits - 1)
    assert scale == np.float32(scale)
    assert abs((found.high - zero_point) * scale - span.high) <= scale / 2 + 1e-6
    assert rounded(np.zeros(1), found) == 0


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_best_range_beats_the_whole_one(bits):
    values = np.abs(np.random.default_rng(0).laplace(size=100_000))
    span = observed(values)
    best = best_range(histogram([values], span), span, bits)

    def error(candidate):
        return np.mean((values - rounded(values, grid(candidate, bits))) ** 2)

    assert best.high < span.high
    assert error(best) < error(span)


def test_fewer_bits_clamp_more():
    values = np.abs(np.random.default_rng(0).laplace(size=100_000))
    span = observed(values)
    highs = [best_range(histogram([values], span), span, bits).high for bits in (2, 4, 8)]
    assert highs == sorted(highs)
    assert highs[0] < 0.4 * span.high
