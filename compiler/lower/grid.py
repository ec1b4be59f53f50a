"""One grid for an op that adds codes up: without clips, without scales per channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...runtime.numerics import bits_for, is_signed
from ...runtime.ops.requantize import Requantize
from ..ir import ops as ir
from .channels import Channel, channels_of, common_units, in_units, multiples_of, split, spread
from .exact import Rounded
from .requantize import MAX_PRODUCT_BITS
from .state import State
from .tables import MAX_STEPS, thresholds
from .value import Reals, Term, Value
from .wide import one_term

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
    channels = channels_of(value, type_)
    groups = min(groups, len(channels))
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


def _as_they_are(
    state: State,
    name: str,
    tensor: str,
    channels: list[Channel],
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
    units = common_units([[c.factor for c in group] for group in split(channels, groups)])
    multiples = multiples_of(channels, units)
    if max(map(abs, multiples)) > max(1, room):
        return None
    if (first, last) != whole:
        tensor = _scaled(state, name, tensor, (1,), (0,), int(first), int(last))
    return Grid(tensor, units, multiples, tuple(c.shift for c in channels), int(zero))


def _brought_together(
    state: State, name: str, tensor: str, channels: list[Channel], groups: int, padded: bool
) -> Grid | None:
    """Return the grid of the common divisors; None where it needs too many bits."""
    clipped = any(c.low is not None or c.high is not None for c in channels)
    # Where nothing but sums matters, offsets stay outside of the codes.
    outside = [Fraction(0) if padded or clipped else c.shift for c in channels]
    moved = [
        Channel(c.factor, c.shift - o, c.low, c.high)
        for c, o in zip(channels, outside, strict=True)
    ]
    type_ = state.builder.types[tensor]
    units = common_units(
        [
            # Factor and offset span all codes, but for those where bounds clamp.
            [x for c in group for x in (c.factor, c.shift, *c.ends(type_))]
            for group in split(moved, groups)
        ]
    )
    codes = [
        in_units(c, unit, type_)
        for c, unit in zip(moved, spread(units, len(channels)), strict=True)
    ]
    low, high = min(c.low for c in codes), max(c.high for c in codes)
    reach = bits_for(min(c.free[0] for c in codes), max(c.free[1] for c in codes))
    if bits_for(low, high) > max(MAX_BITS, type_.bits) or reach > MAX_PRODUCT_BITS:
        return None
    if all(c.low in (low, c.free[0]) and c.high in (high, c.free[1]) for c in codes):
        factors, shifts = tuple(c.factor for c in codes), tuple(c.shift for c in codes)
        tensor = _scaled(state, name, tensor, factors, shifts, low, high)
    elif high - low < MAX_STEPS:
        functions = [
            Rounded(Fraction(c.factor), Fraction(c.shift), 0, c.low, c.high) for c in codes
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


def _refusal(state: State, source: str, channels: list[Channel], groups: int) -> str:
    if len({abs(c.factor) for c in channels}) > 1 and groups < len(channels):
        if isinstance(state.graph.op(source), ir.Concat):
            return (
                f"the inputs of Concat '{source}' must have one scale, not several; put a "
                "quantizer behind it, or the same one behind each of its inputs"
            )
        return (
            "the input must have one scale for all channels, not one per channel; "
            "export with per-tensor activation scales"
        )
    kind = type(state.graph.op(source)).__name__
    return (
        "the input must lie on one grid of codes with its bounds and real 0, not between two "
        f"codes; put a quantizer behind {kind} '{source}'"
    )
