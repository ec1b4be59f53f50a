"""Conv, Gemm and MatMul."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ....ir.ops.base import Shape
from ....ir.ops.conv import Conv
from ....ir.ops.dense import Dense
from ....ir.ops.reshape import Reshape
from ....ir.ops.weights import WeightArray, contiguous
from ..reader import Reader, Refusal, attributes, exact_float, node_name
from ..values import Constant, QuantizedConstant, Tensor
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
    kernel = tuple(options.get("kernel_shape", weight.shape[2:]))
    if kernel != weight.shape[2:]:
        raise Refusal(f"kernel_shape must be that of the weight, {weight.shape[2:]}, not {kernel}")
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
    """Translate MatMul of a vector, or of rows of vectors, with a constant matrix."""
    if isinstance(reader.value(node, 0), Constant | QuantizedConstant):
        raise Refusal("the weight must be the second input, not the first; use Gemm")
    value = _transposed(reader.constant(node, 1, "the weight"))
    _emit_dense(reader, node, value, Fraction(1), None)


def _emit_dense(
    reader: Reader,
    node: Any,
    value: Constant | QuantizedConstant,
    alpha: Fraction,
    bias: tuple[Fraction, ...] | None,
) -> None:
    source = reader.tensor(node)
    shape = reader.builder.shape(source)
    if len(shape) > 2 or (len(shape) == 2 and node.op_type != "MatMul"):
        raise Refusal(
            f"input must have shape (N, features), not (N, {', '.join(map(str, shape))}); "
            "put Flatten before it"
        )
    weight, scale = _weights(value)
    if weight.ndim != 2:
        raise Refusal(f"weight must have 2 axes, not {weight.ndim}")
    if alpha != 1:
        if not alpha:
            raise Refusal("alpha must not be 0")
        if scale is None:
            # Two float32 make a product that float64 holds.
            weight = (weight * float(alpha)).astype(np.float64)
        else:
            scale = tuple(entry * abs(alpha) for entry in scale)
            weight = weight if alpha > 0 else -weight
    if len(shape) == 1:
        reader.emit(node, Dense(contiguous(weight), scale, bias), [source])
    else:
        _emit_rows(reader, node, source, Conv(contiguous(weight[:, None, None]), scale, bias))


def _emit_rows(reader: Reader, node: Any, source: str, op: Conv) -> None:
    """Multiply every row of (rows, features): a 1x1 convolution over (rows, 1, features)."""
    rows, features = reader.builder.shape(source)
    name, builder = node_name(node), reader.builder
    image = builder.add(f"{name}/image", Reshape((rows, 1, features)), [source])
    made = builder.add(name, op, [image], node.output[0])
    back = Reshape((rows, op.weight.shape[0]))
    reader.alias(node, Tensor(builder.add(f"{name}/rows", back, [made], node.output[0])))


def _transposed(value: Constant | QuantizedConstant) -> Constant | QuantizedConstant:
    if isinstance(value, QuantizedConstant):
        return value.transposed((1, 0)) if len(value.shape) == 2 else value
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
    # Only the bias of Gemm broadcasts, and its rows are frames: they must be alike.
    shapes = (
        [(filters,), (1, filters), (1,), (1, 1), ()] if node.op_type == "Gemm" else [(filters,)]
    )
    if values.shape not in shapes:
        raise Refusal(f"bias must have {filters} entries, not shape {values.shape}")
    return tuple(np.broadcast_to(values.reshape(-1) * beta, (filters,)))


def _bias_of_gemm(
    reader: Reader, node: Any, value: Constant | QuantizedConstant, beta: Fraction
) -> tuple[Fraction, ...] | None:
    if len(value.shape) != 2:
        raise Refusal(f"weight must have 2 axes, not {len(value.shape)}")
    return _bias(reader, node, value.shape[0], beta)
