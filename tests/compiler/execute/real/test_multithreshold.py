"""Counts in float64, and what noise must not do."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.execute.real.execute import compute
from sangi.compiler.ir.ops.multithreshold import MultiThreshold

OP = MultiThreshold(
    ((Fraction(1, 10), Fraction(-3), Fraction(7)), (Fraction(5), Fraction(5), Fraction(1))),
    Fraction(1, 2),
    Fraction(-1),
)


def test_counts_per_channel_in_any_order_of_thresholds() -> None:
    x = np.array([[-4.0, 0.5], [-3.0, 1.0], [0.1, 4.9], [8.0, 5.0]])
    wanted = np.array([[0, 0], [1, 1], [2, 1], [3, 3]]) * 0.5 - 1
    np.testing.assert_array_equal(compute(OP, x), wanted)


@pytest.mark.parametrize("x", [0.1, 0.30000000000000004 - 0.2, 0.09999999999999998])
def test_noise_of_float64_does_not_decide(x: float) -> None:
    assert compute(OP, np.array([[x, 0.0]]))[0, 0] == 0.0
