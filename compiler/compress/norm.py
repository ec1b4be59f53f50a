"""Batch normalization that can be trained: what BatchNorm becomes while a network is compressed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..ir.ops.base import Elementwise, Shape, check_channels

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Norm(Elementwise):
    """``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`` per channel.

    It lives only between reading a model and writing the compressed one: no pass and no lowering
    meets it.

    Attributes
    ----------
    gamma, beta, mean, variance : float64 (channels,)
        The numbers of float32; the variance is not negative.
    epsilon : float
    """

    gamma: FloatArray
    beta: FloatArray
    mean: FloatArray
    variance: FloatArray
    epsilon: float = 1e-5

    @property
    def per_channel(self) -> bool:
        """Whether channels differ: always."""
        return True

    def verify(self) -> None:
        """Check lengths and variance."""
        for name in ("beta", "mean", "variance"):
            length = len(getattr(self, name))
            if length != len(self.gamma):
                raise ValueError(f"{name} must have {len(self.gamma)} entries, not {length}")
        if self.variance.min() < 0:
            raise ValueError(f"variance must not be negative, not {self.variance.min()}")

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        check_channels("gamma", len(self.gamma), shapes[0])
        return shapes[0]

    def gain(self) -> FloatArray:
        """Return the factor of every channel, ``gamma / sqrt(variance + epsilon)``."""
        gain: FloatArray = self.gamma / np.sqrt(self.variance + self.epsilon)
        return gain
