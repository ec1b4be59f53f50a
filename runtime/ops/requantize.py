"""Requantization by multiply, add and shift."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class Requantize(Op):
    """``y = clamp((x * multiplier[c] + offset[c]) >> shift, low, high)``, per channel.

    ``>>`` is the floor. With ``ties``, where no remainder is shifted out and the quotient is odd,
    it is decremented before the clamp: ``offset`` then holds the half, and ties go to even.

    Attributes
    ----------
    multiplier, offset : int64 (channels,) or (1,)
    shift : int
    low, high : int
        Range of the output.
    ties : bool
    """

    multiplier: IntArray
    offset: IntArray
    shift: int
    low: int
    high: int
    ties: bool = False
