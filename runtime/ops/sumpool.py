"""Sum over windows: the integer part of average pooling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import IntArray, Op, TensorType
from .exact import accumulator_dtype, magnitude
from .window import out_size, pad, places


@dataclass(frozen=True, eq=False)
class SumPool(Op):
    """Sum of the codes of each window; outside the frame stands ``pad_value`` (real 0).

    The division is part of the Requantize that follows.

    Attributes
    ----------
    kernel, stride : (vertical, horizontal)
    padding : (top, left, bottom, right)
    pad_value : int
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    pad_value: int = 0

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the windows' shape with the range of their sums."""
        (x,) = inputs
        size = out_size(x.shape, self.kernel, self.stride, self.padding, (1, 1))
        low, high = x.low, x.high
        if any(self.padding):
            low, high = min(low, self.pad_value), max(high, self.pad_value)
        taps = self.kernel[0] * self.kernel[1]
        return TensorType((*size, x.channels), low * taps, high * taps)

    def apply(self, *inputs: IntArray) -> IntArray:
        """Add up place by place of the kernel."""
        (x,) = inputs
        size = out_size(x.shape[1:], self.kernel, self.stride, self.padding, (1, 1))
        largest = max(magnitude(x), abs(self.pad_value)) * self.kernel[0] * self.kernel[1]
        dtype = accumulator_dtype(largest)
        result = np.zeros((x.shape[0], *size, x.shape[3]), dtype)
        padded = pad(x, self.padding, self.pad_value, dtype)
        for place in places(padded, self.kernel, self.stride, (1, 1), size):
            result += place
        return result
