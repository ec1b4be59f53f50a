"""Two-dimensional convolution."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .base import Op, Shape, check_window, window_sizes
from .weights import WeightArray, check_weights


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """Cross-correlation over ``(H, W, C)``, padded with real 0.

    Attributes
    ----------
    weight : float64 or int64 (filters, kh, kw, channels // groups)
        float64 in a float model; otherwise integers from which the zero point is subtracted.
    weight_scale : tuple of Fraction, or None
        None for float weights; else one entry, or one per filter: real weight = weight * scale.
    bias : tuple of Fraction, or None
        One exact real per filter.
    stride, dilation : (vertical, horizontal)
    padding : (top, left, bottom, right)
    groups : int
    """

    weight: WeightArray
    weight_scale: tuple[Fraction, ...] | None = None
    bias: tuple[Fraction, ...] | None = None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of a window."""
        return self.weight.shape[1], self.weight.shape[2]

    def verify(self) -> None:
        """Check weights, window and groups."""
        if self.weight.ndim != 4:
            raise ValueError(f"weight must have 4 axes, not {self.weight.ndim}")
        check_weights(self.weight, self.weight_scale, self.bias)
        check_window(self.kernel, self.stride, self.padding, self.dilation)
        if self.groups < 1 or self.weight.shape[0] % self.groups:
            raise ValueError(
                f"groups must divide the {self.weight.shape[0]} filters, not be {self.groups}"
            )

    def infer(self, *shapes: Shape) -> Shape:
        """Return ``(rows, columns, filters)``."""
        rows, columns = window_sizes(
            shapes[0], self.kernel, self.stride, self.padding, self.dilation
        )
        channels = self.weight.shape[3] * self.groups
        if shapes[0][2] != channels:
            raise ValueError(f"input must have {channels} channels, not {shapes[0][2]}")
        return rows, columns, self.weight.shape[0]
