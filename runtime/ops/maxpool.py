"""Maximum over windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import IntArray, Op, TensorType
from .window import out_size, pad, places


@dataclass(frozen=True, eq=False)
class MaxPool(Op):
    """Largest code of each window; outside the frame stands the lowest code of the input's type.

    Attributes
    ----------
    kernel, stride, dilation : (vertical, horizontal)
    padding : (top, left, bottom, right)
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the windows' shape with the range of the input."""
        (x,) = inputs
        reach = [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]
        if any(self.padding[side] >= reach[side % 2] for side in range(4)):
            raise ValueError(
                f"padding must be smaller than the kernel {self.kernel}, not {self.padding}"
            )
        size = out_size(x.shape, self.kernel, self.stride, self.padding, self.dilation)
        return TensorType((*size, x.channels), x.low, x.high)

    def apply(self, *inputs: IntArray) -> IntArray:
        """Take the maximum place by place of the kernel."""
        (x,) = inputs
        size = out_size(x.shape[1:], self.kernel, self.stride, self.padding, self.dilation)
        # Every window holds an element of the frame, so that the type's lowest code never wins.
        padded = pad(x, self.padding, int(np.iinfo(x.dtype).min), x.dtype)
        result = np.full((x.shape[0], *size, x.shape[3]), np.iinfo(x.dtype).min, x.dtype)
        for place in places(padded, self.kernel, self.stride, self.dilation, size):
            np.maximum(result, place, out=result)
        return result
