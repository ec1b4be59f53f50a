"""Convolution, pooling and fully connected layers in float64."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ....runtime.ops.window import out_size, pad, places, windows
from ...ir.ops.averagepool import AveragePool
from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ...ir.ops.maxpool import MaxPool
from .quantize import settled

Reals = npt.NDArray[np.float64]

ONE = (1, 1)
FLOAT64 = np.dtype(np.float64)


def convolve(op: Conv, x: Reals) -> Reals:
    """Return the cross-correlation of ``(N, H, W, C)``."""
    size = out_size(x.shape[1:], op.kernel, op.stride, op.padding, op.dilation)
    weight = real_weight(op)
    filters, kh, kw, channels = weight.shape
    per_group = filters // op.groups
    # (groups, window, filters of a group)
    matrix = weight.reshape(op.groups, per_group, -1).transpose(0, 2, 1)
    out = np.empty((len(x), *size, filters))
    for frame, result in zip(x, out, strict=True):  # one by one: patches are large
        view = windows(
            pad(frame[np.newaxis], op.padding, 0, FLOAT64), op.kernel, op.stride, op.dilation, size
        )[0]
        patches = view.reshape(*size, kh, kw, op.groups, channels).transpose(4, 0, 1, 2, 3, 5)
        sums = patches.reshape(op.groups, -1, kh * kw * channels) @ matrix
        result[...] = sums.transpose(1, 0, 2).reshape(*size, filters)
    return _with_bias(op, x, weight, out)


def multiply(op: Dense, x: Reals) -> Reals:
    """Return the fully connected layer of ``(N, channels)``."""
    weight = real_weight(op)
    return _with_bias(op, x, weight, x @ weight.T)


def largest(op: MaxPool, x: Reals) -> Reals:
    """Return the maxima of the windows of ``(N, H, W, C)``; the border does not count."""
    size = out_size(x.shape[1:], op.kernel, op.stride, op.padding, op.dilation)
    padded = _bordered(x, op.padding, -np.inf)
    views = [*places(padded, op.kernel, op.stride, op.dilation, size)]
    return np.asarray(np.maximum.reduce(views))


def mean(op: AveragePool, x: Reals) -> Reals:
    """Return the means of the windows of ``(N, H, W, C)``."""
    size = out_size(x.shape[1:], op.kernel, op.stride, op.padding, ONE)

    def sums(values: Reals) -> Reals:
        padded = _bordered(values, op.padding, 0)
        total = np.zeros((len(values), *size, values.shape[-1]))
        for place in places(padded, op.kernel, op.stride, ONE, size):
            total += place
        return total

    if op.count_include_pad:
        return sums(x) / (op.kernel[0] * op.kernel[1])
    return sums(x) / sums(np.ones((1, *x.shape[1:3], 1)))


def real_weight(op: Conv | Dense) -> Reals:
    """Return the real weights of a layer."""
    weight = np.asarray(op.weight, np.float64)
    if op.weight_scale is None:
        return weight
    return np.asarray(weight * floats(op.weight_scale).reshape(-1, *(1,) * (weight.ndim - 1)))


def floats(values: tuple[Fraction, ...]) -> Reals:
    """Return the nearest float64 of exact numbers."""
    return np.array([float(value) for value in values])


def _with_bias(op: Conv | Dense, x: Reals, weight: Reals, sums: Reals) -> Reals:
    bias = floats(op.bias or (Fraction(0),))
    most = np.abs(weight).reshape(len(weight), -1).sum(axis=1) * np.abs(x).max(initial=0)
    return settled(sums + bias, most + np.abs(bias))


def _bordered(x: Reals, padding: tuple[int, int, int, int], value: float) -> Reals:
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)
