"""What lowering knows of a real tensor while its integers have not been rounded yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...runtime.ops.base import IntArray
from ...runtime.program import Step

Reals = tuple[Fraction, ...]
"""One exact real, or one per channel."""


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
    low, high : tuple of Fraction, or None
        Bounds of pending clips.
    shape : tuple of int
        Of the program's tensors (channels last).
    moves : tuple of Step
        Transposes and reshapes from the program's order to the graph's.
    """

    terms: tuple[Term, ...]
    shift: Reals
    shape: tuple[int, ...]
    low: Reals | None = None
    high: Reals | None = None
    moves: tuple[Step, ...] = ()

    @property
    def clipped(self) -> bool:
        """Whether a clip is pending."""
        return self.low is not None or self.high is not None

    def affine(self, scale: Reals, shift: Reals) -> Value:
        """Return ``self * scale + shift``."""
        low, high = self.low, self.high
        moved = [None if x is None else _add(_multiply(x, scale), shift) for x in (low, high)]
        if any(s < 0 for s in scale) and self.clipped:
            if any(s >= 0 for s in scale):
                raise ValueError("factors behind a clip must have one sign")
            moved.reverse()
        terms = tuple(Term(t.tensor, _multiply(t.factor, scale)) for t in self.terms)
        return replace(
            self,
            terms=terms,
            shift=_add(_multiply(self.shift, scale), shift),
            low=moved[0],
            high=moved[1],
        )

    def clip(self, low: Fraction | None, high: Fraction | None) -> Value:
        """Return ``clip(self, low, high)``."""

        def joined(
            old: Reals | None, new: Fraction | None, pick: Callable[[Fraction, Fraction], Fraction]
        ) -> Reals | None:
            if new is None or old is None:
                return old if new is None else (new,)
            return tuple(pick(x, new) for x in old)

        raised = joined(self.low, low, max)
        upper = joined(self.high, high, min)
        if high is not None and raised is not None:
            raised = tuple(min(x, high) for x in raised)
        if low is not None and upper is not None:
            upper = tuple(max(x, low) for x in upper)
        return replace(self, low=raised, high=upper)

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


def per_channel(values: Sequence[Fraction], channels: int) -> Reals:
    """Return ``values`` with one entry per channel."""
    return tuple(values) * channels if len(values) == 1 else tuple(values)


def _pairs(a: Reals, b: Reals) -> list[tuple[Fraction, Fraction]]:
    count = max(len(a), len(b))
    return list(zip(per_channel(a, count), per_channel(b, count), strict=True))


def _multiply(a: Reals, b: Reals) -> Reals:
    return tuple(x * y for x, y in _pairs(a, b))


def _add(a: Reals, b: Reals) -> Reals:
    return tuple(x + y for x, y in _pairs(a, b))


def add_reals(a: Reals, b: Reals) -> Reals:
    """Return the sum, one entry or one per channel."""
    return _add(a, b)
