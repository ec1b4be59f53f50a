"""The search for a proved requantizer: multiply-add-shift, or shift with ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import lcm

import numpy as np

from ...runtime.numerics import Rounding
from ...runtime.ops.requantize import Requantize
from .exact import Rounded

MAX_SHIFT = 46
"""Largest shift tried: codes of 8 bits need 20–24 bits of multiplier (measured)."""

MAX_SEARCHED = 1 << 17
"""Most steps that are compared in a proof."""

MANY_STEPS = 1 << 10
"""Ranges of more steps are cut to what is reached."""

MAX_PRODUCT_BITS = 62
"""Widest product that is tried, so that the search itself runs in int64."""


def requantizer(functions: Sequence[Rounded], low: int, high: int) -> Requantize | None:
    """Return one op that equals ``functions[c]`` for every x in ``low … high``, or None.

    Whole factors and offsets need no proof. Otherwise the first of two forms that is proved by
    comparing all steps: (a) multiply-add-shift, (b) shift with half-even ties. Where both fail,
    there are two ops (``two_ops.py``) and tables (``tables.py``).

    Parameters
    ----------
    functions : sequence of Rounded
        One, or one per channel.
    low, high : int
        Range of the input.
    """
    functions = within_reach(functions, low, high)
    exact = whole(functions, low, high)
    if exact is None and max(f.high - f.low for f in functions) <= MAX_SEARCHED:
        exact = multiply_shift(functions, low, high)
    return shift_ties(functions, low, high) if exact is None else exact


def whole(functions: Sequence[Rounded], low: int, high: int) -> Requantize | None:
    """Return the multiply-add that functions without fractions are, None where there are any.

    A function of a single input is its value, however large its scale.
    """
    first = functions[0]
    largest = max(abs(low), abs(high))
    rows = []
    for f in functions:
        multiplier, offset = f.scale, f.shift + f.zero_point
        if not multiplier or low == high:
            multiplier, offset = Fraction(0), Fraction(f(low))
        if (f.low, f.high) != (first.low, first.high) or {
            multiplier.denominator,
            offset.denominator,
        } != {1}:
            return None
        if (abs(multiplier) * largest + abs(offset)).numerator.bit_length() > MAX_PRODUCT_BITS:
            return None
        rows.append((int(multiplier), int(offset)))
    return Requantize(
        _column([m for m, _ in rows]), _column([c for _, c in rows]), 0, first.low, first.high
    )


def within_reach(functions: Sequence[Rounded], low: int, high: int) -> Sequence[Rounded]:
    """Return functions of many steps with only those that are taken within ``low … high``."""
    if max(f.high - f.low for f in functions) <= MANY_STEPS:
        return functions
    ends = [f(x) for f in functions for x in (low, high)]
    least, most = min(ends), max(ends)
    return [
        replace(f, low=min(max(f.low, least), most), high=max(min(f.high, most), least))
        for f in functions
    ]


def multiply_shift(functions: Sequence[Rounded], low: int, high: int) -> Requantize | None:
    """Return form (a) with the smallest common shift, or None where no shift works.

    For a multiplier m, ``(m*x + c) >> s`` takes every step j at its exact place t_j if and only if
    ``j*2^s - m*t_j <= c <= j*2^s - 1 - m*(t_j - 1)`` for all j; both sides are compared for
    every step, so a non-empty interval is a proof. A falling function is searched mirrored.
    """
    first = functions[0]
    if any((f.low, f.high) != (first.low, first.high) for f in functions):
        return None
    if first.low == first.high:
        return Requantize(_column([0]), _column([first.low]), 0, first.low, first.high)
    searches = [_Channel(f, low, high) for f in dict.fromkeys(functions)]
    widest = max(abs(first.low), abs(first.high) + 1).bit_length()
    for shift in range(min(MAX_SHIFT, MAX_PRODUCT_BITS - widest) + 1):
        found = {}
        for search in searches:
            pair = search.at(shift)
            if pair is None:
                # The channel that fails is asked first at the next shift: it most likely fails.
                searches.remove(search)
                searches.insert(0, search)
                break
            found[search.function] = pair
        else:
            pairs = [found[f] for f in functions]
            return Requantize(
                _column([m for m, _ in pairs]),
                _column([c for _, c in pairs]),
                shift,
                first.low,
                first.high,
            )
    return None


class _Channel:
    """The steps of one channel as the search needs them: rising, clipped to the input range."""

    def __init__(self, function: Rounded, low: int, high: int) -> None:
        self.function = function
        self.sign = 1 if function.scale >= 0 else -1
        rising = function
        if self.sign < 0:
            low, high = -high, -low
            rising = replace(function, scale=-function.scale)
        self.low, self.high = low, high
        self.constant = function(low) if function.scale == 0 else None
        if function.scale == 0:
            return
        first = rising.first(low, high)
        steps = np.arange(function.low + 1, function.high + 1, dtype=np.int64)
        self.wide = max(abs(low), abs(high) + 1).bit_length()
        first = first.astype(np.int64)
        reached = first <= high
        self.at_least = steps[reached], first[reached]
        missed = first > low
        self.below = steps[missed], first[missed] - 1

    def at(self, shift: int) -> tuple[int, int] | None:
        """Return (multiplier, offset) proved at this shift, or None."""
        if self.constant is not None:
            return 0, self.constant << shift
        target = abs(self.function.scale) * (1 << shift)
        nearest = round(target)
        for multiplier in (nearest, nearest - 1, nearest + 1):
            if multiplier < 0 or multiplier.bit_length() + self.wide > MAX_PRODUCT_BITS:
                continue
            offset = self._offset(multiplier, shift)
            if offset is not None:
                return self.sign * multiplier, offset
        return None

    def _offset(self, multiplier: int, shift: int) -> int | None:
        steps, places = self.at_least
        least = int(((steps << shift) - multiplier * places).max()) if len(steps) else None
        steps, places = self.below
        most = int(((steps << shift) - 1 - multiplier * places).min()) if len(steps) else None
        if least is None or most is None:
            return least if most is None else most
        return (least + most) // 2 if least <= most else None


def shift_ties(functions: Sequence[Rounded], low: int, high: int) -> Requantize | None:
    """Return form (b), exact by construction, or None where it does not apply.

    For ``scale = p/2^k`` and ``shift = b/2^k`` the rounding is a shift, and half to even is the
    decrement of an odd quotient without remainder. The zero point moves into the quotient and
    must be even, or it would turn even into odd.
    """
    first = functions[0]
    denominator = lcm(*(d for f in functions for d in (f.scale.denominator, f.shift.denominator)))
    if denominator & (denominator - 1) or any(
        (f.low, f.high) != (first.low, first.high)
        or f.zero_point % 2
        or f.rounding is not Rounding.HALF_EVEN
        for f in functions
    ):
        return None
    shift = max(1, denominator.bit_length() - 1)
    multipliers = [int(f.scale * (1 << shift)) for f in functions]
    offsets = [
        int(f.shift * (1 << shift)) + (f.zero_point << shift) + (1 << (shift - 1))
        for f in functions
    ]
    largest = max(abs(low), abs(high))
    if any(
        (abs(m) * largest + abs(c)).bit_length() > MAX_PRODUCT_BITS
        for m, c in zip(multipliers, offsets, strict=True)
    ):
        return None
    return Requantize(
        _column(multipliers), _column(offsets), shift, first.low, first.high, ties=True
    )


def _column(values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return one int64 entry per channel, or a single one where all are equal."""
    if len(set(values)) == 1:
        values = values[:1]
    return np.array(values, dtype=np.int64)
