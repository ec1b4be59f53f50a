"""``clamp(sum(x_i * m_i[c]) + offset[c] >> shift)``: the arithmetic of Requantize and Add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .base import IntArray, TensorType, narrowest_dtype
from .exact import BLOCK, FLOAT64_EXACT, INT64_LIMIT, magnitude


@dataclass(frozen=True, eq=False)
class _Form:
    """The constants of ``scale_shift``."""

    multipliers: Sequence[IntArray]
    offset: IntArray
    shift: int
    low: int
    high: int
    ties: bool


def check_products(
    inputs: Sequence[TensorType], multipliers: Sequence[IntArray], offset: IntArray
) -> None:
    """Raise ValueError unless 64 bits hold every sum that ``scale_shift`` can meet."""
    bound = _bound([max(abs(x.low), abs(x.high)) for x in inputs], multipliers, offset)
    if bound >= INT64_LIMIT:
        raise ValueError(
            f"products must fit 64 bits, not {bound.bit_length() + 1}; quantize the inputs to "
            "fewer bits, or with scales of simple ratios"
        )


def scale_shift(
    inputs: Sequence[IntArray],
    multipliers: Sequence[IntArray],
    offset: IntArray,
    shift: int,
    low: int,
    high: int,
    ties: bool,
) -> IntArray:
    """Compute ``clamp((sum(x_i * m_i[c]) + offset[c]) >> shift, low, high)`` exactly.

    ``>>`` is the floor; with ``ties`` an odd quotient without remainder is decremented before the
    clamp. Inputs are ``(…, channels)``; all have the same shape.

    Raises
    ------
    ValueError
        If an intermediate does not fit 64 bits.
    """
    channels = inputs[0].shape[-1]
    shape = inputs[0].shape
    flat = [x.reshape(-1, channels) for x in inputs]
    y = np.empty(flat[0].shape, narrowest_dtype(low, high))
    bound = _bound([magnitude(x) for x in flat], multipliers, offset)
    if bound >= INT64_LIMIT:
        # Of bytes, only the type was asked.
        bound = _bound([_largest(x) if x.size else 0 for x in flat], multipliers, offset)
    form = _Form(multipliers, offset, shift, low, high, ties)
    step = max(1, BLOCK // 4 // channels)
    if bound + (max(abs(low), abs(high)) + 1 << shift) < FLOAT64_EXACT:
        _by_float(flat, form, y, step)
    elif bound < INT64_LIMIT:
        _by_integer(flat, form, y, step)
    else:
        raise ValueError(f"products must fit 64 bits, not {bound.bit_length() + 1}")
    return y.reshape(shape)


def _bound(reaches: Sequence[int], multipliers: Sequence[IntArray], offset: IntArray) -> int:
    return _largest(offset) + sum(
        reach * _largest(m) for reach, m in zip(reaches, multipliers, strict=True)
    )


def _largest(values: IntArray) -> int:
    return max(int(values.max()), -int(values.min()))


def _by_float(inputs: Sequence[IntArray], form: _Form, y: IntArray, step: int) -> None:
    """Compute ``step`` rows of ``y`` (rows, channels) at a time.

    Every integer below 2**53 times a power of two is a float64, so nothing is rounded. The floor
    is taken after subtracting low, by truncation of what is then not negative. With the half in
    the offset, t - 1/2 rounded half to even is floor(t) with odd ties mended.
    """
    low, high = form.low, form.high
    scale = 2.0**-form.shift
    factors = [m * scale for m in form.multipliers]
    constant = form.offset * scale - (0.5 if form.ties else low)
    limit = 1 << 31
    small = -limit <= low and high < limit and high - low < limit
    whole = np.dtype(np.int32 if small else np.int64)
    total = np.empty((step, y.shape[1]))
    term = np.empty_like(total)
    for start in range(0, y.shape[0], step):
        stop = min(start + step, y.shape[0])
        t, u = total[: stop - start], term[: stop - start]
        np.multiply(inputs[0][start:stop], factors[0], out=t)
        for x, factor in zip(inputs[1:], factors[1:], strict=True):
            np.multiply(x[start:stop], factor, out=u)
            t += u
        t += constant
        if form.ties:
            np.rint(t, out=t)
            np.clip(t, low, high, out=t)
            y[start:stop] = t.astype(whole)
        else:
            np.clip(t, 0, high - low, out=t)
            y[start:stop] = t.astype(whole) + low


def _by_integer(inputs: Sequence[IntArray], form: _Form, y: IntArray, step: int) -> None:
    """Compute ``step`` rows of ``y`` (rows, channels) at a time, in int64."""
    for start in range(0, y.shape[0], step):
        t = form.offset.astype(np.int64) + np.zeros((min(step, y.shape[0] - start), 1), np.int64)
        for x, m in zip(inputs, form.multipliers, strict=True):
            t = t + x[start : start + step].astype(np.int64) * m
        quotient = t >> form.shift
        if form.ties:
            quotient -= ((quotient << form.shift) == t) & (quotient & 1 == 1)
        y[start : start + step] = np.clip(quotient, form.low, form.high)
