"""Rounding to a grid: QuantizeLinear followed by DequantizeLinear."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .base import Elementwise, Shape, check_channels


@dataclass(frozen=True, eq=False)
class Quantize(Elementwise):
    """``y = (clamp(round_half_even(x / scale) + zero_point, low, high) - zero_point) * scale``.

    Attributes
    ----------
    scale : tuple of Fraction
        One entry, or one per channel: the exact values of the float32 in the model; positive.
    zero_point : tuple of int
        As many entries as ``scale``.
    low, high : int
        Range of the codes, for example -128 and 127.
    """

    scale: tuple[Fraction, ...]
    zero_point: tuple[int, ...]
    low: int
    high: int

    @property
    def per_channel(self) -> bool:
        """Whether channels have scales of their own."""
        return len(self.scale) > 1

    def verify(self) -> None:
        """Check signs, lengths and range."""
        if min(self.scale, default=Fraction(0)) <= 0:
            raise ValueError(f"scale must be positive, not {min(self.scale, default=None)}")
        if len(self.zero_point) != len(self.scale):
            raise ValueError(
                f"zero_point must have {len(self.scale)} entries, not {len(self.zero_point)}"
            )
        if self.low > self.high:
            raise ValueError(f"low must be at most high ({self.high}), not {self.low}")

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        check_channels("scale", len(self.scale), shapes[0])
        return shapes[0]
