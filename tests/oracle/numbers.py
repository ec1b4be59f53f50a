"""Exact numbers: arrays of fractions, and every rounding that ONNX and QONNX name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, isqrt, lcm, trunc
from typing import Any

import numpy as np
import numpy.typing as npt

Exact = npt.NDArray[np.object_]
"""An array whose elements are Fraction."""

HALF = Fraction(1, 2)
CLOSE = Fraction(1, 10**20)
ROOT_DIGITS = 60


class NearTie(Exception):
    """A decision that a square root of 60 digits cannot take for certain."""


@dataclass
class Ties:
    """Counts the decisions that fell exactly on a tie, or on a threshold."""

    count: int = 0


def exact(values: Any) -> Exact:
    """Return numbers of any type as fractions, in an array of the same shape."""
    array = np.asarray(values)
    if array.dtype.kind not in "biufO":
        # The types of 2 and 4 bits convert to numbers, but are no NumPy types.
        array = array.astype(np.int64)
    return each(Fraction, array.astype(object))


def each(function: Callable[..., Any], *arrays: Any) -> Exact:
    """Apply a function to the elements of arrays that are broadcast against each other."""
    broadcast = np.broadcast_arrays(*arrays)
    result = np.empty(broadcast[0].shape, dtype=object)
    for index in np.ndindex(*result.shape):
        result[index] = function(*(array[index] for array in broadcast))
    return result


def scaled(values: Exact) -> tuple[npt.NDArray[np.object_], int]:
    """Return integers and one denominator: ``values = integers / denominator``."""
    denominator = lcm(*(value.denominator for value in values.reshape(-1)), 1)
    return each(lambda v: v.numerator * (denominator // v.denominator), values), denominator


def dot(first: Exact, second: Exact) -> Exact:
    """Return the matrix product; sums of integers are much faster than sums of fractions."""
    (a, below_a), (b, below_b) = scaled(first), scaled(second)
    return each(lambda v: Fraction(int(v), below_a * below_b), np.asarray(np.dot(a, b)))


def square_root(value: Fraction) -> Fraction:
    """Return the root: exactly where it is rational, else to 60 digits."""
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    unit = 10 ** (2 * ROOT_DIGITS)
    return Fraction(isqrt(value.numerator * unit // value.denominator), 10**ROOT_DIGITS)


def half_even(value: Fraction) -> int:
    """Round to the nearest whole number, ties to the even one."""
    return round(value)


def half_up(value: Fraction) -> int:
    """Round to the nearest whole number, ties away from zero."""
    size = floor(abs(value) + HALF)
    return size if value > 0 else -size


def half_down(value: Fraction) -> int:
    """Round to the nearest whole number, ties towards zero."""
    size = ceil(abs(value) - HALF)
    return size if value > 0 else -size


def up(value: Fraction) -> int:
    """Round away from zero."""
    return ceil(value) if value > 0 else floor(value)


#: By QONNX's names; the flag says whether steps lie at halves (or at whole numbers).
ROUNDINGS: dict[str, tuple[Callable[[Fraction], int], bool]] = {
    "ROUND": (half_even, True),
    "HALF_EVEN": (half_even, True),
    "HALF_UP": (half_up, True),
    "HALF_DOWN": (half_down, True),
    "UP": (up, False),
    "DOWN": (trunc, False),
    "CEIL": (ceil, False),
    "FLOOR": (floor, False),
}


def rounded(values: Exact, ties: Ties, mode: str = "ROUND") -> Exact:
    """Round every element; count the ties.

    Raises
    ------
    NearTie
        If an element lies within 1e-20 of a step, but not on it.
    """
    function, at_halves = ROUNDINGS[mode.upper()]

    def one(value: Fraction) -> Fraction:
        distance = abs(value - (floor(value) + HALF if at_halves else round(value)))
        decided(distance, ties if at_halves else Ties())
        return Fraction(function(value))

    return each(one, values)


def decided(distance: Fraction, ties: Ties) -> None:
    """Count a decision at this distance from its edge; refuse one that is too close to tell.

    Raises
    ------
    NearTie
    """
    if distance == 0:
        ties.count += 1
    elif distance < CLOSE:
        raise NearTie(f"a value lies {float(distance)} from an edge")


def clamp(values: Exact, low: Any, high: Any) -> Exact:
    """Return the values within bounds; the upper one holds where they cross, as in ONNX."""
    return each(lambda v, a, b: min(max(v, a), b), values, low, high)
