"""Codes of constants behind a quantizer: rounded exactly, and fast where nothing is at stake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from ....runtime.numerics import Rounding
from ...lower.exact import divide
from .values import Constant, QuantizedConstant, exact_array

#: One entry, or one per index of an axis.
Channels = tuple[Fraction, ...]

#: Of numbers that are neither ties nor whole: there all halves round alike.
_ROUND: Mapping[Rounding, Callable[[Any], Any]] = {
    Rounding.HALF_EVEN: np.rint,
    Rounding.HALF_UP: np.rint,
    Rounding.HALF_DOWN: np.rint,
    Rounding.UP: lambda x: np.copysign(np.ceil(np.abs(x)), x),
    Rounding.DOWN: np.trunc,
    Rounding.CEIL: np.ceil,
    Rounding.FLOOR: np.floor,
}


@dataclass(frozen=True)
class ChannelGrid:
    """A quantizer ``(clamp(round(x / scale + zero_point), low, high) - zero_point) * scale``.

    Attributes
    ----------
    axis : int, or None
        Of the tensor, batch included, along which the parameters have entries; None where they
        have one.
    scale, zero_point : tuple of Fraction
        Scales are positive.
    low, high : tuple of int
        Range of the codes.
    rounding : Rounding
    """

    axis: int | None
    scale: Channels
    zero_point: Channels
    low: tuple[int, ...]
    high: tuple[int, ...]
    rounding: Rounding


def quantized_constant(value: Constant | QuantizedConstant, grid: ChannelGrid) -> QuantizedConstant:
    """Return a constant behind a quantizer.

    Float64 decides wherever its error cannot reach a tie or a whole number; the few other elements
    are rounded in exact rationals.

    Parameters
    ----------
    value : Constant or QuantizedConstant
    grid : ChannelGrid
        Its ``axis`` is one of the constant.
    """
    shape, axis, scale, zero_point = value.shape, grid.axis, grid.scale, grid.zero_point

    def spread(entries: Any, kind: type) -> npt.NDArray[Any]:
        array = np.array([kind(entry) for entry in entries])
        sizes = [len(array) if index == axis else 1 for index in range(len(shape))]
        return np.broadcast_to(array.reshape(sizes), shape)

    exact = exact_array(value) if isinstance(value, QuantizedConstant) else None
    given: Any = value.array if isinstance(value, Constant) else exact
    x: npt.NDArray[np.float64] = given.astype(np.float64)
    lows, highs = spread(grid.low, int), spread(grid.high, int)
    quotient, zeros = x / spread(scale, float), spread(zero_point, float)
    real = quotient + zeros
    bound = (np.abs(quotient) + np.abs(zeros) + 1) * 2.0**-48
    inside = (real > lows - 1) & (real < highs + 1)
    unsure = inside & (np.abs(2 * real - np.rint(2 * real)) <= 2 * bound)
    codes = np.array(np.clip(_ROUND[grid.rounding](real), lows, highs), dtype=np.int64)
    channel = np.zeros(shape, np.int64) if axis is None else spread(range(shape[axis]), int)
    places: Any
    if exact is not None:
        elements, channels, places = exact[unsure], channel[unsure], slice(None)
    else:
        # Weights that lie on their grid already are many, and few different ones.
        pairs = np.stack([x[unsure], channel[unsure]])
        (elements, channels), places = np.unique(pairs, axis=1, return_inverse=True)
        places = places.reshape(-1)
    whole = [
        _rounded(Fraction(element) / scale[index] + zero_point[index], grid.rounding)
        for element, index in zip(elements, channels.astype(int), strict=True)
    ]
    codes[unsure] = np.clip(np.array(whole, np.int64)[places], lows[unsure], highs[unsure])
    # With fractional zero points the unit is a part of the scale: bipolar codes are -1 and 1.
    parts = lcm(*(zero.denominator for zero in zero_point))
    shift = spread([zero * parts for zero in zero_point], int)
    units = tuple(entry / parts for entry in scale)
    return QuantizedConstant(codes * parts - shift, units, axis or 0)


def _rounded(value: Fraction, rounding: Rounding) -> int:
    return int(divide(value.numerator, value.denominator, rounding))
