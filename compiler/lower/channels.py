"""Channels as functions of their codes, and the units that several have in common."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TypeVar

from ...runtime.ops.base import TensorType
from .value import Reals, Value, per_channel

T = TypeVar("T")


@dataclass(frozen=True)
class Channel:
    """``real = clip(factor * x + shift, low, high)``; without bounds where the factor is 0."""

    factor: Fraction
    shift: Fraction
    low: Fraction | None = None
    high: Fraction | None = None

    @property
    def zero(self) -> Fraction | None:
        """The code of real 0; None where every code is."""
        if self.factor == 0:
            return None if self.shift == 0 else Fraction(1, 2)
        return -self.shift / self.factor

    def ends(self, type_: TensorType) -> tuple[Fraction, Fraction]:
        """Return the values at the smallest and largest code of a type."""
        low, high = (self.factor * x + self.shift for x in (type_.low, type_.high))
        return self.clamped(low), self.clamped(high)

    def codes(self, type_: TensorType) -> tuple[Fraction, Fraction]:
        """Return the smallest and largest code within the bounds; needs a factor."""
        first, last = sorted((end - self.shift) / self.factor for end in self.ends(type_))
        return first, last

    def clamped(self, real: Fraction) -> Fraction:
        """Return the nearest value within the bounds."""
        if self.low is not None:
            real = max(real, self.low)
        return real if self.high is None else min(real, self.high)


def channels_of(value: Value, type_: TensorType) -> list[Channel]:
    """Return the channels of a value of one term; one where all are equal.

    Parameters
    ----------
    type_ : TensorType
        Of the term's tensor. Where that is always 0, no channel has a factor.
    """
    count = type_.channels if value.per_channel else 1
    factor = value.terms[0].factor if type_.low or type_.high else (Fraction(0),)
    rows = zip(
        per_channel(factor, count),
        per_channel(value.shift, count),
        per_channel(value.low or (None,), count),
        per_channel(value.high or (None,), count),
        strict=True,
    )
    channels = [Channel(*row) for row in rows]
    return [c if c.factor else Channel(c.factor, c.clamped(c.shift)) for c in channels]


@dataclass(frozen=True)
class InUnits:
    """``code = clamp(factor * x + shift, low, high)``: a channel in whole multiples of a unit.

    Attributes
    ----------
    factor, shift, low, high : int
        ``low`` and ``high`` are taken at the ends of the input's range.
    free : (int, int)
        The smallest and largest code without bounds.
    """

    factor: int
    shift: int
    low: int
    high: int
    free: tuple[int, int]


def in_units(channel: Channel, unit: Fraction, type_: TensorType) -> InUnits:
    """Return a channel whose numbers, and values at the ends of a type, are multiples of a unit.

    A unit of 0 is that of a channel of zeros.
    """
    unit = unit or Fraction(1)
    factor, shift = int(channel.factor / unit), int(channel.shift / unit)
    low, high = sorted(int(end / unit) for end in channel.ends(type_))
    first, last = sorted(factor * x + shift for x in (type_.low, type_.high))
    return InUnits(factor, shift, low, high, (first, last))


def split(channels: list[T], groups: int) -> list[list[T]]:
    """Return neighbouring channels in so many groups of one size."""
    size = len(channels) // groups
    return [channels[start : start + size] for start in range(0, len(channels), size)]


def common_units(groups: list[list[Fraction]]) -> Reals:
    """Return the largest number of which all of a group are multiples, for every group.

    Negative where nothing is positive; 0 where all are 0.
    """
    units = []
    for numbers in groups:
        bottom = lcm(*(x.denominator for x in numbers))
        unit = Fraction(gcd(*(int(x * bottom) for x in numbers)), bottom)
        units.append(-unit if max(numbers) <= 0 else unit)
    return tuple(units)


def spread(units: Reals, count: int) -> Reals:
    """Return each group's unit for each of its channels."""
    return tuple(unit for unit in units for _ in range(count // len(units)))


def multiples_of(channels: list[Channel], units: Reals) -> tuple[int, ...]:
    """Return each channel's factor in its group's unit."""
    every = spread(units, len(channels))
    return tuple(int(c.factor / (u or 1)) for c, u in zip(channels, every, strict=True))
