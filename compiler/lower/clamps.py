"""Channels that are clamped differently, without thresholds: counted from one end of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...runtime.numerics import Rounding
from ...runtime.ops.requantize import Requantize
from .exact import Rounded
from .requantize import multiply_shift, shift_ties

MIRRORED = {Rounding.FLOOR: Rounding.CEIL, Rounding.CEIL: Rounding.FLOOR}
"""``-round(v)`` is the other mode's ``round(-v)``; all others treat both signs alike."""

FEW_STEPS = 15
"""Up to here thresholds are cheaper than two ops."""


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
    counting = multiply_shift(counts, low, high) or shift_ties(counts, low, high)
    if counting is None:
        return None
    last = Requantize(
        np.array(signs, dtype=np.int64), np.array(bases, dtype=np.int64), 0, least, most
    )
    return counting, last
