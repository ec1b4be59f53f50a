"""Rounded affine functions of integers, exactly: what every requantizer must reproduce."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.numerics import Rounding

BigArray = npt.NDArray[Any]
"""Python integers of any size in an object array."""


def divide(top: Any, bottom: int, rounding: Rounding) -> Any:
    """Return ``top / bottom`` as whole numbers.

    Parameters
    ----------
    top : int, or object array of int
    bottom : int
        Positive.
    """
    floor = top // bottom
    rest = top - floor * bottom
    return (
        floor
        + {
            Rounding.HALF_EVEN: (2 * rest > bottom) | ((2 * rest == bottom) & (floor % 2 == 1)),
            Rounding.HALF_UP: (2 * rest > bottom) | ((2 * rest == bottom) & (top > 0)),
            Rounding.HALF_DOWN: (2 * rest > bottom) | ((2 * rest == bottom) & (top < 0)),
            Rounding.UP: (rest > 0) & (top > 0),
            Rounding.DOWN: (rest > 0) & (top < 0),
            Rounding.CEIL: rest > 0,
            Rounding.FLOOR: rest < 0,
        }[rounding]
    )


@dataclass(frozen=True)
class Rounded:
    """``y = clamp(round(scale * x + shift) + zero_point, low, high)`` of one channel."""

    scale: Fraction
    shift: Fraction
    zero_point: int
    low: int
    high: int
    rounding: Rounding = Rounding.HALF_EVEN

    def __call__(self, x: int) -> int:
        """Return the value at one integer."""
        return self.at(Fraction(x))

    def at(self, x: Fraction) -> int:
        """Return the value at a rational."""
        value = self.scale * x + self.shift
        code = divide(value.numerator, value.denominator, self.rounding) + self.zero_point
        return int(min(max(code, self.low), self.high))

    def first(self, low: int, high: int) -> BigArray:
        """Return, for each step j in ``self.low + 1 … self.high``, where it begins.

        Needs ``scale > 0``. Entry i is the smallest x in ``low … high`` with ``y >= j`` for
        ``j = self.low + 1 + i``; ``low`` also where y is always that large, ``high + 1`` where
        it never is. ``round(v) >= k`` holds for ``v > k - d`` and, where the edge belongs to the
        step, for ``v = k - d``: see ``_edges``.

        Returns
        -------
        object array of int (self.high - self.low,)
        """
        denominator = lcm(self.scale.denominator, self.shift.denominator)
        a = int(self.scale * denominator)
        b = int(self.shift * denominator)
        steps = np.arange(self.low + 1, self.high + 1).astype(object) - self.zero_point
        twice, included = _edges(steps, self.rounding)
        top = (2 * steps - twice) * denominator - 2 * b
        quotient = top // (2 * a)
        exact = (quotient * (2 * a) == top) & included
        first: BigArray = np.where(exact, quotient, quotient + 1)
        return np.minimum(np.maximum(first, low), high + 1)


def _edges(steps: BigArray, rounding: Rounding) -> tuple[BigArray, npt.NDArray[np.bool_]]:
    """Return 2d and whether the edge is included, for every step k: where round(v) = k begins."""
    positive = np.asarray(steps > 0, dtype=bool)
    always = np.ones(len(steps), dtype=bool)
    distance, included = {
        Rounding.HALF_EVEN: (1, np.asarray(steps % 2 == 0, dtype=bool)),
        Rounding.HALF_UP: (1, positive),
        Rounding.HALF_DOWN: (1, ~positive),
        # Away from zero, k begins right behind k - 1 if positive, at k itself if not.
        Rounding.UP: (2 * positive.astype(object), ~positive),
        Rounding.DOWN: (2 * (~positive).astype(object), positive),
        Rounding.CEIL: (2, ~always),
        Rounding.FLOOR: (0, always),
    }[rounding]
    return np.broadcast_to(np.asarray(distance, dtype=object), steps.shape), included
