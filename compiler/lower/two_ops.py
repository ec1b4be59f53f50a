"""Requantizers of any number of ops: two multiply-adds where one does not do, or a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...runtime.numerics import Rounding
from ...runtime.ops.base import Op
from ...runtime.ops.requantize import Requantize
from .exact import Rounded
from .requantize import requantizer, shift_ties, within_reach
from .tables import table

MIRRORED = {Rounding.FLOOR: Rounding.CEIL, Rounding.CEIL: Rounding.FLOOR}
"""``-round(v)`` is the other mode's ``round(-v)``; all others treat both signs alike."""

FEW_STEPS = 15
"""Up to here thresholds are cheaper than two ops."""


def requantizers(functions: Sequence[Rounded], low: int, high: int) -> tuple[Op, ...]:
    """Return ops whose composition equals ``functions[c]`` for every x in ``low … high``.

    One op where multiplication and shift are proved to do, two where that spares a table of more
    than a few steps, else a table.

    Parameters
    ----------
    functions : sequence of Rounded
        One, or one per channel.
    low, high : int
        Range of the input.

    Raises
    ------
    ValueError
        If only a table does, and it is too large.
    """
    pair = counted_from_ends(functions, low, high)
    if pair is not None:
        return pair
    single = requantizer(functions, low, high)
    if single is not None:
        return (single,)
    return zero_points_behind(functions, low, high) or (table(functions, low, high),)


def zero_points_behind(
    functions: Sequence[Rounded], low: int, high: int
) -> tuple[Requantize, Requantize] | None:
    """Return a shift with half-even ties and an addition of the zero points.

    An odd zero point within the shift would turn even into odd. None where scales are no binary
    fractions, or the steps are few.
    """
    first = functions[0]
    same = all((f.low, f.high) == (first.low, first.high) for f in functions)
    if not same or first.high - first.low <= FEW_STEPS:
        return None
    zeros = np.array([f.zero_point for f in functions], dtype=np.int64)
    least, most = first.low - int(zeros.max()), first.high - int(zeros.min())
    rounded = [replace(f, zero_point=0, low=least, high=most) for f in functions]
    shifted = shift_ties(rounded, low, high)
    if shifted is None:
        return None
    one = np.ones(1, dtype=np.int64)
    moved = zeros[:1] if (zeros == zeros[0]).all() else zeros
    return shifted, Requantize(one, moved, 0, first.low, first.high)


def counted_from_ends(
    functions: Sequence[Rounded], low: int, high: int
) -> tuple[Requantize, Requantize] | None:
    """Return two ops whose composition equals ``functions[c]`` for every x in ``low … high``.

    A Relu in front of a BatchNorm of either sign clamps some channels below and others above. With
    codes counted from there, ``u = clamp(sign * (y - base), 0, range)``, all channels are clamped
    alike, and ``y = clamp(sign * u + base)``.

    None where all channels have the same range, where it has few steps, where some channel shares
    neither end with the others, and where no multiply-shift gives the counts.

    Parameters
    ----------
    functions : sequence of Rounded
        One per channel.
    low, high : int
        Range of the input.
    """
    functions = within_reach(functions, low, high)
    least, most = min(f.low for f in functions), max(f.high for f in functions)
    ranges = {(f.low, f.high) for f in functions}
    if len(ranges) == 1 or most - least <= FEW_STEPS:
        return None
    if any(first != least and last != most for first, last in ranges):
        return None
    signs = [1 if f.high == most else -1 for f in functions]
    bases = [f.low if sign > 0 else f.high for f, sign in zip(functions, signs, strict=True)]
    counts = [
        replace(
            f,
            scale=sign * f.scale,
            shift=sign * f.shift,
            zero_point=sign * (f.zero_point - base),
            low=0,
            high=most - least,
            rounding=f.rounding if sign > 0 else MIRRORED.get(f.rounding, f.rounding),
        )
        for f, sign, base in zip(functions, signs, bases, strict=True)
    ]
    counting = requantizer(counts, low, high)
    if counting is None:
        return None
    last = Requantize(
        np.array(signs, dtype=np.int64), np.array(bases, dtype=np.int64), 0, least, most
    )
    return counting, last
