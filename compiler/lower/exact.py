"""Rounded affine functions of integers, exactly: what every requantizer must reproduce."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

BigArray = npt.NDArray[Any]
"""Python integers of any size in an object array."""


@dataclass(frozen=True)
class Rounded:
    """``y = clamp(round_half_even(scale * x + shift) + zero_point, low, high)`` of one channel."""

    scale: Fraction
    shift: Fraction
    zero_point: int
    low: int
    high: int

    def __call__(self, x: int) -> int:
        """Return the value at one integer."""
        return min(max(round(self.scale * x + self.shift) + self.zero_point, self.low), self.high)

    def first(self, low: int, high: int) -> BigArray:
        """Return, for each step j in ``self.low + 1 … self.high``, where it begins.

        Needs ``scale > 0``. Entry i is the smallest x in ``low … high`` with ``y >= j`` for
        ``j = self.low + 1 + i``; ``low`` also where y is always that large, ``high + 1`` where
        it never is. ``round_half_even(v) >= k`` holds for ``v > k - 1/2`` and, at equality, for
        even k.

        Returns
        -------
        object array of int (self.high - self.low,)
        """
        denominator = lcm(self.scale.denominator, self.shift.denominator)
        a = int(self.scale * denominator)
        b = int(self.shift * denominator)
        steps = np.arange(self.low + 1, self.high + 1).astype(object) - self.zero_point
        top = (2 * steps - 1) * denominator - 2 * b
        quotient = top // (2 * a)
        exact = (quotient * (2 * a) == top) & (steps % 2 == 0)
        first: BigArray = np.where(exact, quotient, quotient + 1)
        return np.minimum(np.maximum(first, low), high + 1)
