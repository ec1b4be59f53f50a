"""Rounding to a grid in float64, so that noise of the last bits never decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ....runtime.numerics import Rounding
from ...ir.ops.quantize import Quantize

Reals = npt.NDArray[np.float64]

#: How near to a tie or to a whole number, relative to its size and at least to 1, a quotient counts
#: as that. Float64 leaves an error of about 1e-16 of the largest number that went into it.
NEAR = 1e-9

#: How small a sum is taken for 0, relative to what was added up.
CANCELLED = 1e-12

WHOLE: Mapping[Rounding, Callable[[Reals], Any]] = {
    Rounding.HALF_EVEN: np.rint,
    Rounding.HALF_UP: lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x),
    Rounding.HALF_DOWN: lambda x: np.copysign(np.ceil(np.abs(x) - 0.5), x),
    Rounding.UP: lambda x: np.copysign(np.ceil(np.abs(x)), x),
    Rounding.DOWN: np.trunc,
    Rounding.CEIL: np.ceil,
    Rounding.FLOOR: np.floor,
}
"""Whole numbers of reals, without regard to noise."""


def round_to_grid(op: Quantize, x: Reals) -> Reals:
    """Return the reals on the grid of a quantizer.

    Two graphs that are equal by algebra may compute the same tie as 2.5 and as 2.4999999999999996.
    Here both are ties: a quotient within ``NEAR`` of a tie, or of a whole number (where ceil, floor
    and their kin change), is taken as that one before it is rounded. So a pass that keeps the
    numbers keeps every code, and a code that differs is the pass's doing.
    """
    return reals_of(op, codes_of(op, x))


def codes_of(op: Quantize, x: Reals) -> Reals:
    """Return the codes of a quantizer as float64; ties as in ``round_to_grid``."""
    zero = zeros(op)
    codes = WHOLE[op.rounding](_nearest(quotients(op, x)))
    return np.asarray(np.clip(codes if op.zero_first else codes + zero, op.low, op.high))


def reals_of(op: Quantize, codes: Reals) -> Reals:
    """Return the reals that the codes of a quantizer stand for."""
    return np.asarray((codes - zeros(op)) * scales(op))


def settled(total: Reals, size: Reals | float) -> Reals:
    """Return sums with 0 wherever the addends cancel out but for noise.

    So that 0.1 + 0.2 - 0.3 is 0 in every order of additions.

    Parameters
    ----------
    size : float64 array or float
        Of the addends, or a bound on it.
    """
    return np.where(np.abs(total) <= CANCELLED * size, 0.0, total)


def is_near_edge(op: Quantize, x: Reals) -> npt.NDArray[np.bool_]:
    """Whether noise of float64 could move a real to another code: within ``NEAR`` of an edge."""
    quotient = quotients(op, x)
    to_nearest = op.rounding in (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_DOWN)
    edge = np.floor(quotient) + 0.5 if to_nearest else np.rint(quotient)
    return np.asarray(np.abs(quotient - edge) <= _tolerance(quotient), dtype=bool)


def quotients(op: Quantize, x: Reals) -> Reals:
    """Return what a quantizer rounds."""
    quotient = x / scales(op)
    return np.asarray(quotient + zeros(op) if op.zero_first else quotient)


def scales(op: Quantize) -> Reals:
    """Return the scales of a quantizer, one or one per channel."""
    return np.array([float(scale) for scale in op.scale])


def zeros(op: Quantize) -> Reals:
    """Return the zero points of a quantizer, one or one per channel."""
    return np.array([float(zero) for zero in op.zero_point])


def _nearest(quotient: Reals) -> Reals:
    halves = np.rint(2 * quotient) / 2
    return np.where(np.abs(quotient - halves) <= _tolerance(quotient), halves, quotient)


def _tolerance(quotient: Reals) -> Reals:
    return np.asarray(NEAR * np.maximum(1, np.abs(quotient)))
