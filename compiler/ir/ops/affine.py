"""Multiplication and addition of constants."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .base import Elementwise, Shape, check_channels


@dataclass(frozen=True, eq=False)
class Affine(Elementwise):
    """``y = x * scale + shift``, with one constant or one per channel.

    Attributes
    ----------
    scale, shift : tuple of Fraction
        Of equal length: 1 or the channels.
    """

    scale: tuple[Fraction, ...]
    shift: tuple[Fraction, ...]

    @property
    def per_channel(self) -> bool:
        """Whether channels have constants of their own."""
        return len(self.scale) > 1

    def verify(self) -> None:
        """Check the lengths."""
        if len(self.scale) != len(self.shift):
            raise ValueError(f"shift must have {len(self.scale)} entries, not {len(self.shift)}")

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        check_channels("scale", len(self.scale), shapes[0])
        return shapes[0]
