"""Fully connected layer over raw codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import IntArray, Op, TensorType
from .exact import BLOCK, accumulator_dtype, magnitude, matmul_dtype


@dataclass(frozen=True, eq=False)
class Dense(Op):
    """``y[f] = sum w[f,c] * x[c]`` over the last axis of a vector, without bias.

    Attributes
    ----------
    weights : int64 (filters, channels)
    """

    weights: IntArray

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the exact worst case of the actual weights, over all filters."""
        (x,) = inputs
        if self.weights.ndim != 2:
            raise ValueError(f"weights must have 2 axes, not {self.weights.ndim}")
        filters, channels = self.weights.shape
        if x.shape != (channels,):
            raise ValueError(f"input must be ({channels},), not {x.shape}")
        exact = self.weights.astype(object)
        positive, negative = np.maximum(exact, 0).sum(axis=1), np.minimum(exact, 0).sum(axis=1)
        return TensorType(
            (filters,),
            int(min(positive * x.low + negative * x.high)),
            int(max(positive * x.high + negative * x.low)),
        )

    def apply(self, *inputs: IntArray) -> IntArray:
        """Multiply by BLAS where that is exact."""
        (x,) = inputs
        frames, channels = x.shape
        bound = magnitude(x) * int(np.abs(self.weights).sum(axis=1).max())
        work = matmul_dtype(bound)
        matrix = np.ascontiguousarray(self.weights.T, work)
        y = np.empty((frames, self.weights.shape[0]), accumulator_dtype(bound))
        step = max(1, BLOCK // channels)
        for start in range(0, frames, step):
            y[start : start + step] = x[start : start + step].astype(work) @ matrix
        return y

    def macs(self, *inputs: TensorType) -> int:
        """Multiply–accumulates of one frame."""
        return int(self.weights.size)
