"""Requantizing addition of two tensors."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType, check_entries
from .rounding import check_products, scale_shift


@dataclass(frozen=True, eq=False)
class Add(Op):
    """``y = clamp((a*multipliers[0][c] + b*multipliers[1][c] + offset[c]) >> shift, low, high)``.

    ``ties`` as in Requantize. A plain sum has multipliers 1, offset 0, shift 0 and a range that
    clamps nothing.

    Attributes
    ----------
    multipliers : int64 (2, channels or 1)
    offset : int64 (channels or 1,)
    shift, low, high : int
    ties : bool
    """

    multipliers: IntArray
    offset: IntArray
    shift: int
    low: int
    high: int
    ties: bool = False

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the common shape with the range ``low`` … ``high``."""
        a, b = inputs
        if a.shape != b.shape:
            raise ValueError(f"shapes must be equal, not {a.shape} and {b.shape}")
        check_entries("multipliers", self.multipliers.shape[1], a.channels)
        check_entries("offset", self.offset.shape[0], a.channels)
        check_products(inputs, list(self.multipliers), self.offset)
        return TensorType(a.shape, self.low, self.high)

    def apply(self, *inputs: IntArray) -> IntArray:
        """Compute in float64 where that is exact, else in int64."""
        return scale_shift(
            inputs, list(self.multipliers), self.offset, self.shift, self.low, self.high, self.ties
        )
