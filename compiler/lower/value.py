"""What lowering knows of a real tensor while its integers have not been rounded yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from ...runtime.ops.base import IntArray
from ...runtime.program import Step

Reals = tuple[Fraction, ...]
"""One exact real, or one per channel."""

Bounds = tuple[Fraction | None, ...]
"""Limits, one or one per channel; None where there is none."""

T = TypeVar("T")


@dataclass(frozen=True)
class Term:
    """A tensor of the program times an exact factor, one or one per channel."""

    tensor: str
    factor: Reals


@dataclass(frozen=True)
class Value:
    """A real tensor: ``clip(sum(factor[c] * tensor) + shift[c], low[c], high[c])``, moved.

    Attributes
    ----------
    terms : tuple of Term
        One, or two behind an addition that waits for its quantizer.
    shift : tuple of Fraction
    low, high : tuple of (Fraction or None), or None
        Bounds of pending clips; None where no channel has one. Where a channel has both, its low
        is at most its high.
    shape : tuple of int
        Of the program's tensors (channels last).
    moves : tuple of Step
        Transposes and reshapes from the program's order to the graph's.
    """

    terms: tuple[Term, ...]
    shift: Reals
    shape: tuple[int, ...]
    low: Bounds | None = None
    high: Bounds | None = None
    moves: tuple[Step, ...] = ()

    @property
    def clipped(self) -> bool:
        """Whether a clip is pending."""
        return self.low is not None or self.high is not None

    @property
    def per_channel(self) -> bool:
        """Whether channels have numbers of their own."""
        return self.entries > 1

    @property
    def entries(self) -> int:
        """Length of the longest of factors, shift and bounds: 1, or the channels."""
        parts: list[Sequence[Fraction | None]] = [self.shift, *(t.factor for t in self.terms)]
        parts += [bound for bound in (self.low, self.high) if bound is not None]
        return max(map(len, parts))

    def affine(self, scale: Reals, shift: Reals) -> Value:
        """Return ``self * scale + shift``. A negative scale turns a channel's bounds round."""
        low, high = self.low, self.high
        if self.clipped:
            count = max(self.entries, len(scale), len(shift))
            lows, highs = [], []
            for s, t, a, b in zip(
                per_channel(scale, count),
                per_channel(shift, count),
                per_channel(low or (None,), count),
                per_channel(high or (None,), count),
                strict=True,
            ):
                ends = [None if x is None else x * s + t for x in (a, b)]
                lows.append(ends[s < 0])
                highs.append(ends[s >= 0])
            low, high = _bounds(lows), _bounds(highs)
        terms = tuple(Term(t.tensor, _multiply(t.factor, scale)) for t in self.terms)
        moved = add_reals(_multiply(self.shift, scale), shift)
        return replace(self, terms=terms, shift=moved, low=low, high=high)

    def clip(self, low: Fraction | None, high: Fraction | None) -> Value:
        """Return ``min(max(self, low), high)``; None stands for no limit."""
        if low is not None and high is not None:
            low = min(low, high)

        def clamp(old: Fraction | None, new: Fraction | None, pick: _Pick) -> Fraction | None:
            bound = new if old is None else old if new is None else pick(old, new)
            if bound is not None and low is not None:
                bound = max(bound, low)
            return bound if bound is None or high is None else min(bound, high)

        lows = [clamp(x, low, max) for x in self.low or (None,)]
        highs = [clamp(x, high, min) for x in self.high or (None,)]
        return replace(self, low=_bounds(lows), high=_bounds(highs))

    def places(self, values: tuple[T, ...]) -> tuple[T, ...] | None:
        """Return constants along the graph's last axis as constants of the program's channels.

        None where elements of one channel of the program's tensor lie at different places of the
        graph's last axis.

        Parameters
        ----------
        values : tuple
            One, or one per place of the last axis of the graph's tensor.
        """
        if len(values) == 1 or not self.moves:
            return values
        order = self.order
        last = np.empty(order.size, dtype=np.int64)
        last[order.reshape(-1)] = np.arange(order.size) % order.shape[-1]
        rows = last.reshape(-1, self.shape[-1])
        return tuple(values[i] for i in rows[0]) if (rows == rows[0]).all() else None

    @property
    def order(self) -> IntArray:
        """Flat places in the program's tensor of every element, in the graph's shape and order."""
        places: IntArray = np.arange(int(np.prod(self.shape))).reshape(self.shape)
        for step in self.moves:
            if step.op == "transpose":
                places = places.transpose(step.attributes["perm"])
            else:
                places = places.reshape(step.attributes["shape"])
        return places


_Pick = Callable[[Fraction, Fraction], Fraction]


def per_channel(values: Sequence[T], channels: int) -> tuple[T, ...]:
    """Return ``values`` with one entry per channel."""
    return tuple(values) * channels if len(values) == 1 else tuple(values)


def add_reals(a: Reals, b: Reals) -> Reals:
    """Return the sum, one entry or one per channel."""
    return tuple(x + y for x, y in _pairs(a, b))


def _multiply(a: Reals, b: Reals) -> Reals:
    return tuple(x * y for x, y in _pairs(a, b))


def _pairs(a: Reals, b: Reals) -> list[tuple[Fraction, Fraction]]:
    count = max(len(a), len(b))
    return list(zip(per_channel(a, count), per_channel(b, count), strict=True))


def _bounds(values: Sequence[Fraction | None]) -> Bounds | None:
    return None if all(x is None for x in values) else tuple(values)
