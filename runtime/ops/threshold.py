"""Any function with few steps, by counting thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import IntArray, Op, TensorType, check_entries, narrowest_dtype


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """``y = values[c, count(x >= thresholds[c])]``.

    Attributes
    ----------
    thresholds : int64 (channels or 1, n)
        Ascending (equal ones allowed).
    values : int64 (channels or 1, n + 1)
        Steps of either sign and size: falling and non-monotone functions included.
    """

    thresholds: IntArray
    values: IntArray

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the shape of the input with the range of the values."""
        (x,) = inputs
        rows, steps = self.thresholds.shape
        check_entries("thresholds", rows, x.channels)
        if steps < 1:
            raise ValueError(f"thresholds must have at least 1 step, not {steps}")
        if self.values.shape != (rows, steps + 1):
            raise ValueError(f"values must be {(rows, steps + 1)}, not {self.values.shape}")
        if (np.diff(self.thresholds, axis=1) < 0).any():
            raise ValueError("thresholds must ascend")
        return TensorType(x.shape, int(self.values.min()), int(self.values.max()))

    def apply(self, *inputs: IntArray) -> IntArray:
        """Look the values up."""
        (x,) = inputs
        dtype = narrowest_dtype(int(self.values.min()), int(self.values.max()))
        values = self.values.astype(dtype)
        if len(values) == 1:
            return np.asarray(values[0][np.searchsorted(self.thresholds[0], x, side="right")])
        result = np.empty(x.shape, dtype=dtype)
        for channel, (row, steps) in enumerate(zip(self.thresholds, values, strict=True)):
            result[..., channel] = steps[np.searchsorted(row, x[..., channel], side="right")]
        return result
