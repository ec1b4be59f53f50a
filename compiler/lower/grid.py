"""One grid for an op that adds codes up: without clips, without scales per channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd, lcm
from typing import TypeVar

import numpy as np

from ...runtime.numerics import bits_for, is_signed
from ...runtime.ops.base import TensorType
from ...runtime.ops.requantize import Requantize
from .exact import Rounded
from .requantize import MAX_PRODUCT_BITS
from .state import State
from .tables import MAX_STEPS, thresholds
from .value import Reals, Term, Value, per_channel
from .wide import one_term

T = TypeVar("T")

MAX_BITS = 16
"""Widest codes and weights that bringing channels onto one grid may make."""


@dataclass(frozen=True)
class Grid:
    """A tensor whose channels are whole multiples of one unit: ``real = unit*multiple*x + shift``.

    Attributes
    ----------
    tensor : str
    unit : tuple of Fraction
        One, or one per group of channels.
    multiples : tuple of int
        One, or one per channel: to be multiplied into the weights.
    shift : tuple of Fraction
        One, or one per channel.
    zero : int
        The code of real 0 in every channel; without meaning unless it was asked for.
    """

    tensor: str
    unit: Reals
    multiples: tuple[int, ...]
    shift: Reals
    zero: int


def on_grid(
    state: State,
    name: str,
    value: Value,
    source: str,
    *,
    groups: int = 1,
    padded: bool = False,
    room: int = 1,
) -> Grid:
    """Return a value's codes for an op that adds them up, with as few new ops as exactness allows.

    Nothing is emitted where the channels' scales are small whole multiples of one unit, and real 0
    is the same code everywhere if it is asked for. Otherwise one Requantize (thresholds, where
    channels are clipped differently) brings all channels to the common divisor of scales, offsets
    and bounds; for bipolar codes that is ``2x - 1``.

    Parameters
    ----------
    value : Value
        With one term.
    source : str
        The node that makes it: errors name it.
    groups : int
        Channels of different groups are never added and need no common unit; divides the channels.
    padded : bool
        Whether a code for real 0 is needed.
    room : int
        Largest multiple that the op can take into its weights.

    Raises
    ------
    ValueError
        If there is no such grid within ``MAX_BITS`` bits.
    """
    term = value.terms[0]
    type_ = state.builder.types[term.tensor]
    count = value.entries
    if count == 1 and groups > 1:
        groups = 1
    elif count > 1:
        count = type_.channels
    channels = [
        _channel(*numbers)
        for numbers in zip(
            per_channel(term.factor, count),
            per_channel(value.shift, count),
            per_channel(value.low or (None,), count),
            per_channel(value.high or (None,), count),
            strict=True,
        )
    ]
    found = _as_they_are(state, name, term.tensor, channels, groups, padded, room)
    if found is None:
        found = _brought_together(state, name, term.tensor, channels, groups, padded)
    if found is None:
        raise ValueError(_refusal(state, source, channels, groups))
    return _with_room_for_zero(state, name, found) if padded else found


def plain(state: State, name: str, value: Value, source: str) -> Value:
    """Return the value as one term without pending clips.

    Raises
    ------
    ValueError
        If the bounds lie between codes.
    """
    value = one_term(state, source, value)
    if not value.clipped:
        return value
    groups = state.builder.types[value.terms[0].tensor].channels
    found = on_grid(state, name, value, source, groups=groups)
    # A group of one channel has no multiple: its unit is its factor.
    return replace(
        value, terms=(Term(found.tensor, found.unit),), shift=found.shift, low=None, high=None
    )


@dataclass(frozen=True)
class _Channel:
    """``real = clip(factor * x + shift, low, high)``."""

    factor: Fraction
    shift: Fraction
    low: Fraction | None
    high: Fraction | None

    @property
    def zero(self) -> Fraction | None:
        """The code of real 0; None where every code is."""
        if self.factor == 0:
            return None if self.shift == 0 else Fraction(1, 2)
        return -self.shift / self.factor

    def codes(self, type_: TensorType) -> tuple[Fraction, Fraction]:
        """Return the smallest and largest code within the bounds; needs a factor."""
        ends = [type_.low * self.factor + self.shift, type_.high * self.factor + self.shift]
        first, last = sorted((self.clamped(end) - self.shift) / self.factor for end in ends)
        return first, last

    def clamped(self, real: Fraction) -> Fraction:
        """Return the nearest value within the bounds."""
        if self.low is not None:
            real = max(real, self.low)
        return real if self.high is None else min(real, self.high)


def _channel(
    factor: Fraction, shift: Fraction, low: Fraction | None, high: Fraction | None
) -> _Channel:
    """Return a channel; a constant one without bounds."""
    channel = _Channel(factor, shift, low, high)
    return channel if factor else _Channel(factor, channel.clamped(shift), None, None)


def _as_they_are(
    state: State,
    name: str,
    tensor: str,
    channels: list[_Channel],
    groups: int,
    padded: bool,
    room: int,
) -> Grid | None:
    """Return the grid of the codes themselves, clamped at most; None where they have none."""
    zeros = {c.zero for c in channels} - {None} if padded else set()
    zero = zeros.pop() if zeros else Fraction(0)
    if zero is None or zeros or zero.denominator != 1:
        return None
    type_ = state.builder.types[tensor]
    whole = Fraction(type_.low), Fraction(type_.high)
    (first, last), *others = {c.codes(type_) for c in channels if c.factor} or {whole}
    if others or first.denominator != 1 or last.denominator != 1:
        return None
    units = _units([[c.factor for c in group] for group in _split(channels, groups)])
    multiples = _multiples(channels, units)
    if max(map(abs, multiples)) > max(1, room):
        return None
    if (first, last) != whole:
        tensor = _scaled(state, name, tensor, (1,), (0,), int(first), int(last))
    return Grid(tensor, units, multiples, tuple(c.shift for c in channels), int(zero))


def _brought_together(
    state: State, name: str, tensor: str, channels: list[_Channel], groups: int, padded: bool
) -> Grid | None:
    """Return the grid of the common divisors; None where it needs too many bits."""
    clipped = any(c.low is not None or c.high is not None for c in channels)
    # Where nothing but sums matters, offsets stay outside of the codes.
    outside = [Fraction(0) if padded or clipped else c.shift for c in channels]
    moved = [
        _Channel(c.factor, c.shift - o, c.low, c.high)
        for c, o in zip(channels, outside, strict=True)
    ]
    type_ = state.builder.types[tensor]
    ends = [[c.clamped(c.factor * x + c.shift) for x in (type_.low, type_.high)] for c in moved]
    units = _units(
        [
            # Both ends and the factor span all codes, clamped or not.
            [x for c, e in group for x in (c.factor, c.shift, *e)]
            for group in _split(list(zip(moved, ends, strict=True)), groups)
        ]
    )
    spread = _spread(units, len(channels))
    codes = [sorted(int(x / u) if u else 0 for x in e) for e, u in zip(ends, spread, strict=True)]
    low, high = min(c[0] for c in codes), max(c[1] for c in codes)
    factors = [int(c.factor / u) if u else 0 for c, u in zip(moved, spread, strict=True)]
    shifts = [int(c.shift / u) if u else 0 for c, u in zip(moved, spread, strict=True)]
    free = [
        sorted((m * type_.low + k, m * type_.high + k))
        for m, k in zip(factors, shifts, strict=True)
    ]
    reach = bits_for(min(f[0] for f in free), max(f[1] for f in free))
    if bits_for(low, high) > max(MAX_BITS, type_.bits) or reach > MAX_PRODUCT_BITS:
        return None
    one_clamp = all(
        (c[0] == low or c[0] == f[0]) and (c[1] == high or c[1] == f[1])
        for c, f in zip(codes, free, strict=True)
    )
    if one_clamp:
        tensor = _scaled(state, name, tensor, tuple(factors), tuple(shifts), low, high)
    elif high - low < MAX_STEPS:
        functions = [
            Rounded(Fraction(m), Fraction(k), 0, c[0], c[1])
            for m, k, c in zip(factors, shifts, codes, strict=True)
        ]
        node = thresholds(functions, type_.low, type_.high)
        tensor = state.builder.emit(f"{name}_grid", node, (tensor,), f"{name}_grid")
    else:
        return None
    return Grid(tensor, units, (1,) * len(channels), tuple(outside), 0)


def _with_room_for_zero(state: State, name: str, grid: Grid) -> Grid:
    """Return the grid in a tensor whose width can carry the code of real 0."""
    type_ = state.builder.types[grid.tensor]
    low, high = min(type_.low, grid.zero), max(type_.high, grid.zero)
    if (bits_for(low, high), is_signed(low)) == (type_.bits, type_.signed):
        return grid
    return replace(grid, tensor=_scaled(state, name, grid.tensor, (1,), (0,), low, high))


def _scaled(
    state: State,
    name: str,
    tensor: str,
    factors: tuple[int, ...],
    shifts: tuple[int, ...],
    low: int,
    high: int,
) -> str:
    """Return the tensor of ``clamp(x * factor + shift, low, high)``, emitted at most once."""
    key = (tensor, factors, shifts, low, high)
    if key not in state.scaled:
        node = Requantize(_row(factors), _row(shifts), 0, low, high)
        state.scaled[key] = state.builder.emit(f"{name}_grid", node, (tensor,), f"{name}_grid")
    return state.scaled[key]


def _row(values: tuple[int, ...]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values[:1] if len(set(values)) == 1 else values, dtype=np.int64)


def _split(channels: list[T], groups: int) -> list[list[T]]:
    size = len(channels) // groups
    return [channels[start : start + size] for start in range(0, len(channels), size)]


def _units(groups: list[list[Fraction]]) -> Reals:
    """Return the largest number of which all of a group are multiples, for every group.

    Negative where nothing is positive; 0 where all are 0.
    """
    units = []
    for numbers in groups:
        bottom = lcm(*(x.denominator for x in numbers))
        unit = Fraction(gcd(*(int(x * bottom) for x in numbers)), bottom)
        units.append(-unit if max(numbers) <= 0 else unit)
    return tuple(units)


def _spread(units: Reals, count: int) -> Reals:
    """Return each group's unit for each of its channels."""
    return tuple(unit for unit in units for _ in range(count // len(units)))


def _multiples(channels: list[_Channel], units: Reals) -> tuple[int, ...]:
    return tuple(
        int(c.factor / u) if u else 1
        for c, u in zip(channels, _spread(units, len(channels)), strict=True)
    )


def _refusal(state: State, source: str, channels: list[_Channel], groups: int) -> str:
    if len({abs(c.factor) for c in channels}) > 1 and groups < len(channels):
        return (
            "the input must have one scale for all channels, not one per channel; "
            "export with per-tensor activation scales"
        )
    kind = type(state.graph.op(source)).__name__
    return (
        "the input must lie on one grid of codes with its bounds and real 0, not between two "
        f"codes; put a quantizer behind {kind} '{source}'"
    )
