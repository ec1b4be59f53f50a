"""Convolution over raw codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import IntArray, Op, TensorType
from .exact import BLOCK, accumulator_dtype, magnitude, matmul_dtype
from .window import out_size, pad, windows


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """Cross-correlation without bias: ``y[oy,ox,f] = sum w[f,ky,kx,c] * x[oy*s+ky*d-p, …, c]``.

    The zero point of x is not subtracted: ``pad_value`` is the code of real 0 and the constant
    ``-zero_point * sum(w)`` is part of the op that follows.

    Attributes
    ----------
    weights : int64 (filters, kh, kw, channels // groups)
    stride, dilation : (vertical, horizontal)
    padding : (top, left, bottom, right)
    pad_value : int
    groups : int
    """

    weights: IntArray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    pad_value: int = 0
    groups: int = 1

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of the kernel."""
        return self.weights.shape[1], self.weights.shape[2]

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the exact worst case of the actual weights, over all filters."""
        (x,) = inputs
        if self.weights.ndim != 4:
            raise ValueError(f"weights must have 4 axes, not {self.weights.ndim}")
        filters, channels = self.weights.shape[0], self.weights.shape[3] * self.groups
        if filters % self.groups:
            raise ValueError(f"groups must divide the filters ({filters}), not {self.groups}")
        size = out_size(x.shape, self.kernel, self.stride, self.padding, self.dilation)
        if x.channels != channels:
            raise ValueError(f"channels of the input must be {channels}, not {x.channels}")
        low, high = x.low, x.high
        if any(self.padding):
            low, high = min(low, self.pad_value), max(high, self.pad_value)
        flat = self.weights.reshape(filters, -1).astype(object)
        positive, negative = np.maximum(flat, 0).sum(axis=1), np.minimum(flat, 0).sum(axis=1)
        return TensorType(
            (*size, filters),
            int(min(positive * low + negative * high)),
            int(max(positive * high + negative * low)),
        )

    def apply(self, *inputs: IntArray) -> IntArray:
        """Gather windows block by block (im2col) and multiply by BLAS where that is exact."""
        (x,) = inputs
        frames, filters, groups = x.shape[0], self.weights.shape[0], self.groups
        kernel = self.kernel
        size = out_size(x.shape[1:], kernel, self.stride, self.padding, self.dilation)
        flat = self.weights.reshape(groups, filters // groups, -1)
        largest = max(magnitude(x), abs(self.pad_value))
        bound = largest * int(np.abs(flat).sum(axis=2).max())
        work = matmul_dtype(bound)
        matrix = np.ascontiguousarray(flat.transpose(0, 2, 1), work)
        taps, depth = kernel[0] * kernel[1], self.weights.shape[3]
        pixels = size[0] * size[1]
        step = max(1, BLOCK // (pixels * taps * depth * groups))
        y = np.empty((frames, pixels, filters), accumulator_dtype(bound))
        columns = np.empty((step, *size, *kernel, depth * groups), work)
        for start in range(0, frames, step):
            part = x[start : start + step]
            count = part.shape[0]
            padded = pad(part, self.padding, self.pad_value, work)
            np.copyto(columns[:count], windows(padded, kernel, self.stride, self.dilation, size))
            rows = columns[:count].reshape(count * pixels, taps, groups, depth)
            if groups == 1:
                product = rows.reshape(count * pixels, -1) @ matrix[0]
            else:
                grouped = rows.transpose(2, 0, 1, 3).reshape(groups, count * pixels, -1)
                product = np.matmul(grouped, matrix).transpose(1, 0, 2)
            y[start : start + count] = product.reshape(count, pixels, filters)
        return y.reshape(frames, *size, filters)

    def macs(self, *inputs: TensorType) -> int:
        """Multiply–accumulates of one frame, those with padding included."""
        (x,) = inputs
        size = out_size(x.shape, self.kernel, self.stride, self.padding, self.dilation)
        return size[0] * size[1] * self.weights.size
