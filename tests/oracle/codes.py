"""QuantizeLinear and DequantizeLinear, and the ops that compute on codes (QLinear…)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from onnx import TensorProto

from .call import Call
from .linear import convolve
from .numbers import Exact, Ties, clamp, dot, rounded
from .pooling import average_pool, mean

RANGES = {
    TensorProto.UINT2: (0, 3),
    TensorProto.INT2: (-2, 1),
    TensorProto.UINT4: (0, 15),
    TensorProto.INT4: (-8, 7),
    TensorProto.UINT8: (0, 255),
    TensorProto.INT8: (-128, 127),
    TensorProto.UINT16: (0, 65535),
    TensorProto.INT16: (-32768, 32767),
}


def quantize(x: Exact, scale: Exact, zero: Exact, kind: int, ties: Ties) -> Exact:
    """Return the codes: half to even, then the zero point, then saturation."""
    low, high = RANGES[kind]
    codes = rounded(np.asarray(x / scale, dtype=object), ties) + zero
    return clamp(codes, Fraction(low), Fraction(high))


def quantize_linear(call: Call) -> Exact:
    """QuantizeLinear to the type of the zero point, of ``output_dtype``, or UINT8."""
    kind = call.kind(2) or int(call.options.get("output_dtype", 0)) or TensorProto.UINT8
    scale, zero = _grid(call)
    return quantize(call[0], scale, zero, kind, call.ties)


def dequantize_linear(call: Call) -> Exact:
    """DequantizeLinear."""
    scale, zero = _grid(call)
    return np.asarray((call[0] - zero) * scale, dtype=object)


def _grid(call: Call) -> tuple[Exact, Exact]:
    """Return scale and zero point in a shape that broadcasts against the input."""
    assert not call.options.get("block_size", 0), "the oracle does not know blocks"
    scale = call[1]
    zero = call.optional(2)
    if zero is None:
        zero = np.asarray(scale * 0, dtype=object)
    if scale.size == 1:
        return scale.reshape(()), zero.reshape(())
    shape = [1] * call[0].ndim
    shape[int(call.options.get("axis", 1))] = -1
    return scale.reshape(shape), zero.reshape(shape)


def _scalar(call: Call, index: int) -> Exact:
    return call[index].reshape(())


def _along(values: Exact, axis: int, rank: int) -> Exact:
    """Return one number, or numbers along an axis."""
    if values.size == 1:
        return values.reshape(())
    return values.reshape([-1 if place == axis else 1 for place in range(rank)])


def qlinear_conv(call: Call) -> Exact:
    """QLinearConv: x, its grid, w, its grid, the grid of y, and a bias in units of both scales."""
    weight = np.asarray(call[3] - _along(call[5], 0, 4), dtype=object)
    sums = convolve(np.asarray(call[0] - _scalar(call, 2)), weight, call.options)
    bias = call.optional(8)
    if bias is not None:
        sums = sums + bias.reshape(-1, 1, 1)
    unit = _scalar(call, 1) * _along(call[4], 1, 4)
    y = np.asarray(sums * unit, dtype=object)
    return quantize(y, _scalar(call, 6), _scalar(call, 7), call.kind(7), call.ties)


def qlinear_matmul(call: Call) -> Exact:
    """QLinearMatMul: a and b with their grids, and the grid of y."""
    rank = call[3].ndim
    weight = np.asarray(call[3] - _along(call[5], rank - 1, rank), dtype=object)
    sums = dot(np.asarray(call[0] - _scalar(call, 2)), weight)
    y = np.asarray(sums * _scalar(call, 1) * _along(call[4], 1, 2), dtype=object)
    return quantize(y, _scalar(call, 6), _scalar(call, 7), call.kind(7), call.ties)


def qgemm(call: Call) -> Exact:
    """QGemm of com.microsoft; real values where no grid of y is given."""
    a = np.asarray(call[0] - _scalar(call, 2))
    turned = bool(call.options.get("transB", 0))
    b = np.asarray(call[3] - _along(call[5], 0 if turned else 1, 2), dtype=object)
    assert not call.options.get("transA", 0)
    sums = dot(a, b.T if turned else b)
    alpha = Fraction(float(call.options.get("alpha", 1.0)))
    c = call.optional(6)
    if c is not None:
        sums = sums + c
    y = np.asarray(sums * (_scalar(call, 1) * alpha) * _along(call[4], 1, 2), dtype=object)
    if call.optional(7) is None:
        return y
    return quantize(y, _scalar(call, 7), _scalar(call, 8), call.kind(8), call.ties)


def _real(call: Call, index: int) -> Exact:
    zero = call.optional(index + 2)
    codes = call[index] if zero is None else call[index] - zero.reshape(())
    return np.asarray(codes * _scalar(call, index + 1), dtype=object)


def qlinear_add(call: Call) -> Exact:
    """QLinearAdd of com.microsoft."""
    y = np.asarray(_real(call, 0) + _real(call, 3), dtype=object)
    return quantize(y, _scalar(call, 6), _scalar(call, 7), call.kind(7), call.ties)


def qlinear_global_average_pool(call: Call) -> Exact:
    """QLinearGlobalAveragePool of com.microsoft."""
    axes = (1, 2) if call.options.get("channels_last", 0) else (2, 3)
    y = mean(_real(call, 0), axes, True)
    return quantize(y, _scalar(call, 3), _scalar(call, 4), call.kind(4), call.ties)


def qlinear_average_pool(call: Call) -> Exact:
    """QLinearAveragePool of com.microsoft."""
    assert not call.options.get("channels_last", 0)
    inner = Call((_real(call, 0),), (0,), call.options, call.opset, call.ties)
    y = average_pool(inner)
    return quantize(y, _scalar(call, 3), _scalar(call, 4), call.kind(4), call.ties)
