"""Fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .base import Op, Shape
from .weights import WeightArray, check_weights


@dataclass(frozen=True, eq=False)
class Dense(Op):
    """``y[f] = sum weight[f, c] * x[c] + bias[f]`` over a vector.

    Attributes
    ----------
    weight : float64 or int64 (filters, channels)
    weight_scale, bias : as in Conv
    """

    weight: WeightArray
    weight_scale: tuple[Fraction, ...] | None = None
    bias: tuple[Fraction, ...] | None = None

    def verify(self) -> None:
        """Check the weights."""
        if self.weight.ndim != 2:
            raise ValueError(f"weight must have 2 axes, not {self.weight.ndim}")
        check_weights(self.weight, self.weight_scale, self.bias)

    def infer(self, *shapes: Shape) -> Shape:
        """Return ``(filters,)``."""
        if shapes[0] != (self.weight.shape[1],):
            raise ValueError(f"input must have shape ({self.weight.shape[1]},), not {shapes[0]}")
        return (self.weight.shape[0],)
