"""Requantization by multiply, add and shift."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType, check_entries
from .rounding import check_products, scale_shift


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

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the shape of the input with the range ``low`` … ``high``."""
        (x,) = inputs
        check_entries("multiplier", self.multiplier.shape[0], x.channels)
        check_entries("offset", self.offset.shape[0], x.channels)
        check_products(inputs, [self.multiplier], self.offset)
        if self.shift < 0:
            raise ValueError(f"shift must be at least 0, not {self.shift}")
        return TensorType(x.shape, self.low, self.high)

    def apply(self, *inputs: IntArray) -> IntArray:
        """Compute in float64 where that is exact, else in int64."""
        (x,) = inputs
        return scale_shift(
            [x], [self.multiplier], self.offset, self.shift, self.low, self.high, self.ties
        )
