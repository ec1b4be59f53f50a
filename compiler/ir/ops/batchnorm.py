"""Batch normalization with fixed statistics."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .base import Elementwise, Shape, check_channels


@dataclass(frozen=True, eq=False)
class BatchNorm(Elementwise):
    """``y = x * scale[c] + shift[c]`` where scale = gamma / sqrt(variance + epsilon).

    Attributes
    ----------
    scale, shift : tuple of Fraction
        One per channel; the square root is correctly rounded to float64 precision or better.
    """

    scale: tuple[Fraction, ...]
    shift: tuple[Fraction, ...]

    @property
    def per_channel(self) -> bool:
        """Whether channels differ."""
        return len(self.scale) > 1

    def verify(self) -> None:
        """Check the lengths."""
        if len(self.scale) != len(self.shift):
            raise ValueError(f"shift must have {len(self.scale)} entries, not {len(self.shift)}")

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        check_channels("scale", len(self.scale), shapes[0])
        return shapes[0]
