"""The search for a proved requantizing addition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

MAX_CASES = 1 << 23
"""Pairs of all channels together: a few seconds."""

MAX_SHIFT = 32

Scales = tuple[Fraction, Fraction]
Ranges = tuple[tuple[int, int], tuple[int, int]]
IntArray = npt.NDArray[np.int64]


def requantizing_add(
    scales: Sequence[Scales], functions: Sequence[Rounded], ranges: Ranges
) -> Add | None:
    """Return an op equal to the rounded sum for every pair of inputs, by enumeration, or None.

    The sum is a channel's function of 1 with ``scales[c][0]*a + scales[c][1]*b`` in place of its
    scale. Multiply-add-shift is tried with growing shifts; where powers of two make ties, the
    exact shift with half-even ties. None where neither holds or the inputs are too wide: then an
    exact wide sum and a requantizer do the same in two ops.

    Parameters
    ----------
    scales : sequence of pairs of Fraction
        One, or one per channel.
    functions : sequence of Rounded
        As many: shift, rounding, zero point and range of the output; their scales are not used.
    ranges : pairs (low, high) of a and b
    """
    if any((f.low, f.high) != (functions[0].low, functions[0].high) for f in functions):
        return None
    cases: dict[tuple[Scales, Rounded], int] = {}
    for pair, f in zip(scales, functions, strict=True):
        cases.setdefault((pair, f), len(cases))
    pairs = (ranges[0][1] - ranges[0][0] + 1) * (ranges[1][1] - ranges[1][0] + 1)
    if pairs > MAX_PAIRS or pairs * len(cases) > MAX_CASES:
        return None
    found = _multiply_shift([_Channel(*case, ranges) for case in cases])
    if found is None:
        found = _shift_ties(list(cases), ranges)
    if found is None:
        return None
    shift, rows = found
    table = np.array(
        [rows[cases[case]] for case in zip(scales, functions, strict=True)], dtype=np.int64
    )
    table = table[:1] if len(cases) == 1 else table
    return Add(
        np.ascontiguousarray(table[:, :2].T),
        np.ascontiguousarray(table[:, 2]),
        shift.bits,
        functions[0].low,
        functions[0].high,
        ties=shift.ties,
    )


@dataclass(frozen=True)
class _Shift:
    bits: int
    ties: bool


_Found = tuple[_Shift, list[tuple[int, int, int]]]
"""A shift and, per channel, both multipliers and the offset."""


class _Channel:
    """All pairs of inputs with their sum, rounded and clamped."""

    def __init__(self, scales: Scales, function: Rounded, ranges: Ranges) -> None:
        self.scales, self.function = scales, function
        self.a = np.arange(ranges[0][0], ranges[0][1] + 1, dtype=np.int64)[:, None]
        self.b = np.arange(ranges[1][0], ranges[1][1] + 1, dtype=np.int64)[None, :]
        self.target = _exact(scales, function, self.a, self.b)
        # A clamped pair is bounded on one side only.
        self.at_least = self.target > function.low
        self.below = self.target < function.high
        # At least 1: multipliers of zeros must fit as well.
        self.reach = max(int(np.abs(self.a).max()), int(np.abs(self.b).max()), 1)
        self.largest = int(np.abs(self.target).max())

    def at(self, shift: int) -> tuple[int, int, int] | None:
        """Return both multipliers and the offset proved at this shift, or None."""
        first, second = (round(scale * (1 << shift)) for scale in self.scales)
        widest = (abs(first) + abs(second)) * self.reach + (self.largest << shift)
        if widest.bit_length() > MAX_PRODUCT_BITS - 1:
            return None
        floor = (self.target << shift) - (first * self.a + second * self.b)
        least = int(floor[self.at_least].max()) if self.at_least.any() else None
        most = int(floor[self.below].min()) + (1 << shift) - 1 if self.below.any() else None
        if least is not None and most is not None and least > most:
            return None
        if least is None and most is None:
            return 0, 0, self.function.low << shift
        offset = most if least is None else least if most is None else (least + most) // 2
        assert offset is not None
        return first, second, offset


def _exact(scales: Scales, function: Rounded, a: IntArray, b: IntArray) -> IntArray:
    """Return the rounded sum of all pairs (len(a), len(b)), in integers of any size."""
    denominator = lcm(*(x.denominator for x in (*scales, function.shift)))
    p, q, r = (int(x * denominator) for x in (*scales, function.shift))
    top: npt.NDArray[Any] = p * a.astype(object) + q * b.astype(object) + r
    codes = divide(top, denominator, function.rounding) + function.zero_point
    clamped: IntArray = np.clip(codes, function.low, function.high).astype(np.int64)
    return clamped


def _multiply_shift(channels: list[_Channel]) -> _Found | None:
    """Return the first shift at which one offset serves every pair, in every channel."""
    order = list(range(len(channels)))
    for shift in range(MAX_SHIFT + 1):
        rows: dict[int, tuple[int, int, int]] = {}
        for number in order:
            row = channels[number].at(shift)
            if row is None:
                # The channel that fails is asked first at the next shift: it most likely fails.
                order.remove(number)
                order.insert(0, number)
                break
            rows[number] = row
        else:
            return _Shift(shift, ties=False), [rows[i] for i in range(len(channels))]
    return None


def _shift_ties(cases: list[tuple[Scales, Rounded]], ranges: Ranges) -> _Found | None:
    """Return the exact shift with half-even ties, where all constants are binary fractions."""
    denominator = lcm(*(x.denominator for scales, f in cases for x in (*scales, f.shift)))
    if denominator & (denominator - 1):
        return None
    bits = max(1, denominator.bit_length() - 1)
    rows = []
    for scales, f in cases:
        if f.zero_point % 2 or f.rounding is not Rounding.HALF_EVEN:
            return None
        first, second, constant = (int(x * (1 << bits)) for x in (*scales, f.shift))
        offset = constant + (f.zero_point << bits) + (1 << (bits - 1))
        reach = sum(
            abs(m) * max(abs(r[0]), abs(r[1]), 1)
            for m, r in zip((first, second), ranges, strict=True)
        )
        if (reach + abs(offset)).bit_length() > MAX_PRODUCT_BITS:
            return None
        rows.append((first, second, offset))
    return _Shift(bits, ties=True), rows
