"""The search for a proved requantizing addition."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.numerics import Rounding
from ...runtime.ops.add import Add
from .exact import Rounded, divide
from .requantize import MAX_PRODUCT_BITS

MAX_PAIRS = 1 << 16
"""Pairs of input values that are enumerated in a proof: two inputs of 8 bits."""

MAX_SHIFT = 32


def requantizing_add(
    scales: tuple[Fraction, Fraction],
    function: Rounded,
    ranges: tuple[tuple[int, int], tuple[int, int]],
) -> Add | None:
    """Return an op equal to the rounded sum for every pair of inputs, by enumeration, or None.

    The sum is ``function`` of 1 with ``scales[0]*a + scales[1]*b`` in place of its scale.
    Multiply-add-shift is tried with growing shifts; where powers of two make ties, the
    exact shift with half-even ties. None where neither holds or the inputs are too wide: then an
    exact wide sum and a requantizer do the same in two ops.

    Parameters
    ----------
    scales : pair of Fraction
    function : Rounded
        Shift, rounding, zero point and range of the output; its scale is not used.
    ranges : pairs (low, high) of a and b
    """
    sizes = [last - first + 1 for first, last in ranges]
    if sizes[0] * sizes[1] > MAX_PAIRS:
        return None
    a = np.arange(ranges[0][0], ranges[0][1] + 1, dtype=np.int64)[:, None]
    b = np.arange(ranges[1][0], ranges[1][1] + 1, dtype=np.int64)[None, :]
    target = _exact(scales, function, a, b)
    return _multiply_shift(scales, function.low, function.high, a, b, target) or _shift_ties(
        scales, function, ranges
    )


def _exact(
    scales: tuple[Fraction, Fraction],
    function: Rounded,
    a: npt.NDArray[np.int64],
    b: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """Return the rounded sum of all pairs (len(a), len(b)), in integers of any size."""
    denominator = lcm(*(x.denominator for x in (*scales, function.shift)))
    p, q, r = (int(x * denominator) for x in (*scales, function.shift))
    top: npt.NDArray[Any] = p * a.astype(object) + q * b.astype(object) + r
    codes = divide(top, denominator, function.rounding) + function.zero_point
    clamped: npt.NDArray[np.int64] = np.clip(codes, function.low, function.high).astype(np.int64)
    return clamped


def _multiply_shift(
    scales: tuple[Fraction, Fraction],
    low: int,
    high: int,
    a: npt.NDArray[np.int64],
    b: npt.NDArray[np.int64],
    target: npt.NDArray[np.int64],
) -> Add | None:
    """Return the first shift at which one offset serves every pair."""
    # A clamped pair is bounded on one side only.
    at_least, below = target > low, target < high
    for shift in range(MAX_SHIFT + 1):
        first, second = (round(scale * (1 << shift)) for scale in scales)
        product = first * a + second * b
        floor = (target << shift) - product
        least = int(floor[at_least].max()) if at_least.any() else None
        most = int(floor[below].min()) + (1 << shift) - 1 if below.any() else None
        if least is not None and most is not None and least > most:
            continue
        offset = most if least is None else least if most is None else (least + most) // 2
        assert offset is not None or low == high
        return Add(
            np.array([[first], [second]], dtype=np.int64),
            np.array([low << shift if offset is None else offset], dtype=np.int64),
            shift,
            low,
            high,
        )
    return None


def _shift_ties(
    scales: tuple[Fraction, Fraction],
    function: Rounded,
    ranges: tuple[tuple[int, int], tuple[int, int]],
) -> Add | None:
    """Return the exact shift with half-even ties, where all constants are binary fractions."""
    denominator = lcm(*(x.denominator for x in (*scales, function.shift)))
    if denominator & (denominator - 1) or function.zero_point % 2:
        return None
    if function.rounding is not Rounding.HALF_EVEN:
        return None
    bits = max(1, denominator.bit_length() - 1)
    first, second, constant = (int(x * (1 << bits)) for x in (*scales, function.shift))
    offset = constant + (function.zero_point << bits) + (1 << (bits - 1))
    reach = sum(
        abs(m) * max(abs(r[0]), abs(r[1])) for m, r in zip((first, second), ranges, strict=True)
    )
    if (reach + abs(offset)).bit_length() > MAX_PRODUCT_BITS:
        return None
    return Add(
        np.array([[first], [second]], dtype=np.int64),
        np.array([offset], dtype=np.int64),
        bits,
        function.low,
        function.high,
        ties=True,
    )
