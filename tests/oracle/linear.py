"""Convolution and matrix products."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from .call import Call
from .numbers import Exact, dot
from .windows import read_windows


def convolve(x: Exact, weight: Exact, options: Mapping[str, Any]) -> Exact:
    """Return the convolution of (N, C, H, W) with (F, C / groups, kh, kw), padded with 0."""
    windows = read_windows(options, weight.shape[2:], x.shape[2:])
    top, left, bottom, right = windows.pads
    edges = ((0, 0), (0, 0), (top, bottom), (left, right))
    padded = np.pad(x, edges, constant_values=Fraction(0))
    groups = int(options.get("group", 1))
    filters, channels = weight.shape[0] // groups, weight.shape[1]
    result = np.empty((len(x), weight.shape[0], *windows.size), dtype=object)
    for group in range(groups):
        rows = slice(group * filters, (group + 1) * filters)
        matrix = weight[rows].reshape(filters, -1)
        part = padded[:, group * channels : (group + 1) * channels]
        patches = [
            part[:, :, row][:, :, :, column].reshape(len(x), -1)
            for row in windows.padded_rows()
            for column in windows.padded_columns()
        ]
        sums = dot(np.concatenate(patches), matrix.T)
        grid = sums.reshape(*windows.size, len(x), filters)
        result[:, rows] = grid.transpose(2, 3, 0, 1)
    return result


def conv(call: Call) -> Exact:
    """Conv of images, with a bias where there is one."""
    result = convolve(call[0], call[1], call.options)
    bias = call.optional(2)
    return result if bias is None else np.asarray(result + bias.reshape(-1, 1, 1), dtype=object)


def gemm(call: Call) -> Exact:
    """Gemm: ``alpha * a @ b + beta * c``."""
    a = call[0].T if call.options.get("transA", 0) else call[0]
    b = call[1].T if call.options.get("transB", 0) else call[1]
    result = dot(a, b) * Fraction(float(call.options.get("alpha", 1.0)))
    c = call.optional(2)
    if c is not None:
        result = result + c * Fraction(float(call.options.get("beta", 1.0)))
    return np.asarray(result, dtype=object)


def matmul(call: Call) -> Exact:
    """MatMul of matrices."""
    return dot(call[0], call[1])
