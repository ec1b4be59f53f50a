"""Conv, Gemm and MatMul."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ....ir.ops.base import Shape
from ....ir.ops.conv import Conv
from ....ir.ops.dense import Dense
from ....ir.ops.weights import WeightArray, contiguous
from ..reader import Reader, Refusal, attributes, exact_float
from ..values import Constant, QuantizedConstant
from .window import read_window

Weights = tuple[WeightArray, tuple[Fraction, ...] | None]


def conv(reader: Reader, node: Any) -> None:
    """Translate Conv."""
    weight = reader.constant(node, 1, "the weight")
    reader.emit_on_image(node, convolution(reader, node, weight, reader.shape(node)))


def convolution(
    reader: Reader, node: Any, value: Constant | QuantizedConstant, frame: Shape
) -> Conv:
    """Return the op of a Conv node; weights move from (F, C, kh, kw) to (F, kh, kw, C).

    Parameters
    ----------
    value : Constant or QuantizedConstant
        The weight (F, C, kh, kw).
    frame : tuple of int
        (C, H, W) of the node's input.
    """
    options = attributes(node)
    weight, scale = _weights(value)
    if weight.ndim != 4:
        raise Refusal(f"weight must have 4 axes (two-dimensional Conv), not {weight.ndim}")
    window = read_window(options, weight.shape[2:], frame)
    return Conv(
        contiguous(weight.transpose(0, 2, 3, 1)),
        scale,
        _bias(reader, node, weight.shape[0], Fraction(1)),
        window.stride,
        window.padding,
        window.dilation,
        int(options.get("group", 1)),
    )


def gemm(reader: Reader, node: Any) -> None:
    """Translate Gemm: ``alpha * x @ w + beta * c`` with x as it is."""
    options = attributes(node)
    if options.get("transA", 0):
        raise Refusal("transA must be 0, not 1")
    value = reader.constant(node, 1, "the weight")
    if not options.get("transB", 0):
        value = _transposed(value)
    _emit_dense(
        reader,
        node,
        value,
        exact_float(options.get("alpha", 1.0)),
        _bias_of_gemm(reader, node, value, exact_float(options.get("beta", 1.0))),
    )


def matmul(reader: Reader, node: Any) -> None:
    """Translate MatMul of a vector with a constant matrix."""
    value = _transposed(reader.constant(node, 1, "the weight"))
    _emit_dense(reader, node, value, Fraction(1), None)


def _emit_dense(
    reader: Reader,
    node: Any,
    value: Constant | QuantizedConstant,
    alpha: Fraction,
    bias: tuple[Fraction, ...] | None,
) -> None:
    shape = reader.shape(node)
    if len(shape) != 1:
        raise Refusal(
            f"input must have shape (N, features), not (N, {', '.join(map(str, shape))}); "
            "put Flatten before it"
        )
    weight, scale = _weights(value)
    if weight.ndim != 2:
        raise Refusal(f"weight must have 2 axes, not {weight.ndim}")
    if alpha != 1:
        if alpha <= 0:
            raise Refusal(f"alpha must be positive, not {float(alpha)}")
        if scale is None:
            weight = (weight * float(alpha)).astype(np.float64)
        else:
            scale = tuple(entry * alpha for entry in scale)
    reader.emit(node, Dense(contiguous(weight), scale, bias), [reader.tensor(node)])


def _transposed(value: Constant | QuantizedConstant) -> Constant | QuantizedConstant:
    if isinstance(value, QuantizedConstant):
        return value.transposed((1, 0)) if value.codes.ndim == 2 else value
    return Constant(value.array.T)


def _weights(value: Constant | QuantizedConstant) -> Weights:
    if isinstance(value, Constant):
        return value.array.astype(np.float64), None
    if len(value.scale) > 1 and value.axis != 0:
        raise Refusal("weight scales must be per tensor or per output channel, not per input")
    return value.codes, value.scale


def _bias(reader: Reader, node: Any, filters: int, beta: Fraction) -> tuple[Fraction, ...] | None:
    if reader.value(node, 2) is None:
        return None
    values = reader.exact(node, 2, "the bias")
    if values.size not in (1, filters):
        raise Refusal(f"bias must have {filters} entries, not {values.size}")
    return tuple(np.broadcast_to(values.reshape(-1) * beta, (filters,)))


def _bias_of_gemm(
    reader: Reader, node: Any, value: Constant | QuantizedConstant, beta: Fraction
) -> tuple[Fraction, ...] | None:
    matrix = value.array if isinstance(value, Constant) else value.codes
    return _bias(reader, node, matrix.shape[0], beta)
