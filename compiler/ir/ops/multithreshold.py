"""Counting thresholds: FINN's MultiThreshold."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .base import Elementwise, Shape, check_channels


@dataclass(frozen=True, eq=False)
class MultiThreshold(Elementwise):
    """``y = out_scale * count(x >= thresholds[c]) + out_bias``.

    Attributes
    ----------
    thresholds : tuple of tuple of Fraction
        One row, or one per channel; rows are of equal length and need no order.
    out_scale, out_bias : Fraction
    """

    thresholds: tuple[tuple[Fraction, ...], ...]
    out_scale: Fraction = Fraction(1)
    out_bias: Fraction = Fraction(0)

    @property
    def per_channel(self) -> bool:
        """Whether channels have thresholds of their own."""
        return len(self.thresholds) > 1

    @property
    def steps(self) -> int:
        """Number of thresholds of a channel: the largest count."""
        return len(self.thresholds[0])

    def verify(self) -> None:
        """Check that there is a row and that all have one length."""
        lengths = sorted({len(row) for row in self.thresholds})
        if len(lengths) != 1 or lengths == [0]:
            raise ValueError(
                f"thresholds must have rows of one length of at least 1, not {lengths}"
            )

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        check_channels("thresholds", len(self.thresholds), shapes[0])
        return shapes[0]
