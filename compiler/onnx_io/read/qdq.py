"""The QDQ format: QuantizeLinear and DequantizeLinear around the standard ops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from ....runtime.errors import ModelError
from ...ir.ops.affine import Affine
from ...ir.ops.quantize import Quantize
from .exact import fractions
from .reader import Handler, Reader, Refusal, attributes, node_name
from .values import Codes, Constant, QuantizedConstant, Tensor

#: Ranges of the element types of codes.
RANGES: Mapping[int, tuple[int, int]] = {
    TensorProto.UINT4: (0, 15),
    TensorProto.INT4: (-8, 7),
    TensorProto.UINT8: (0, 255),
    TensorProto.INT8: (-128, 127),
    TensorProto.UINT16: (0, 65535),
    TensorProto.INT16: (-32768, 32767),
}


@dataclass(frozen=True)
class Grid:
    """Scales and zero points of one quantizer; ``axis`` is ONNX's, batch included."""

    scale: tuple[Fraction, ...]
    zero_point: tuple[int, ...]
    axis: int


def quantize_linear(reader: Reader, node: Any) -> None:
    """Translate QuantizeLinear of an activation or of a float weight."""
    grid = _grid(reader, node)
    low, high = _range(reader, node)
    value = reader.value(node, 0)
    if isinstance(value, Constant):
        reader.alias(node, Constant(_quantized(value.array, grid, low, high)))
        return
    source = reader.tensor(node)
    op = Quantize(grid.scale, grid.zero_point, low, high)
    axis = None
    if op.per_channel:
        axis = reader.frame_axis(grid.axis, len(reader.builder.shape(source)))
    name = reader.emit_on_axis(node, source, axis, op)
    reader.alias(node, Codes(name, grid.scale, grid.zero_point, grid.axis))


def dequantize_linear(reader: Reader, node: Any) -> None:
    """Translate DequantizeLinear of codes, of a constant, or of an integer model input."""
    grid = _grid(reader, node)
    value = reader.value(node, 0)
    if isinstance(value, Constant):
        codes = value.array.astype(np.int64)
        axis = grid.axis + codes.ndim if grid.axis < 0 else grid.axis
        zero_point = np.array(grid.zero_point, np.int64)
        if len(grid.scale) > 1:
            if axis >= codes.ndim or codes.shape[axis] != len(grid.scale):
                raise Refusal(f"scale must have one entry per index of axis {grid.axis}")
            zero_point = zero_point.reshape([-1 if i == axis else 1 for i in range(codes.ndim)])
        reader.alias(node, QuantizedConstant(codes - zero_point, grid.scale, axis))
    elif isinstance(value, Codes):
        _dequantize_codes(reader, node, value, grid)
    else:
        _dequantize_input(reader, node, grid)


def _dequantize_codes(reader: Reader, node: Any, codes: Codes, grid: Grid) -> None:
    if (codes.scale, codes.zero_point) == (grid.scale, grid.zero_point):
        reader.alias(node, Tensor(codes.node))
        return
    if len(codes.scale) > 1 or len(grid.scale) > 1:
        raise Refusal("scale and zero point must be those of the QuantizeLinear before it")
    # value = (x / s1 + z1 - z2) * s2: exact in rationals.
    ratio = grid.scale[0] / codes.scale[0]
    shift = (codes.zero_point[0] - grid.zero_point[0]) * grid.scale[0]
    reader.emit(node, Affine((ratio,), (shift,)), [codes.node])


def _dequantize_input(reader: Reader, node: Any, grid: Grid) -> None:
    """Dequantize integers that are the model's input: the quantizer after it changes nothing."""
    source = reader.tensor(node)
    if len(grid.scale) > 1:
        raise Refusal("scale must be one number where the model's input is dequantized")
    low, high = _range(reader, node)
    affine = Affine(grid.scale, (-grid.zero_point[0] * grid.scale[0],))
    name = node_name(node)
    source = reader.builder.add(f"{name}/real", affine, [source])
    quantize = Quantize(grid.scale, grid.zero_point, low, high)
    reader.alias(node, Tensor(reader.builder.add(name, quantize, [source], node.output[0])))


def _grid(reader: Reader, node: Any) -> Grid:
    options = attributes(node)
    if options.get("block_size", 0):
        raise Refusal("block_size must be 0; quantize per tensor or per channel")
    scale = fractions(reader.array(node, 1, "the scale"))
    if not scale or min(scale) <= 0:
        raise ModelError(
            f"{node.op_type} '{node_name(node)}': scale '{node.input[1]}' must be positive, "
            f"not {float(min(scale, default=Fraction(0)))}"
        )
    zero_point: tuple[int, ...] = (0,) * len(scale)
    if reader.value(node, 2) is not None:
        values = reader.array(node, 2, "the zero point").astype(np.int64).reshape(-1)
        if values.size not in (1, len(scale)):
            raise Refusal(f"zero point must have {len(scale)} entries, not {values.size}")
        zero_point = tuple(int(value) for value in np.broadcast_to(values, (len(scale),)))
    return Grid(scale, zero_point, int(options.get("axis", 1)))


def _range(reader: Reader, node: Any) -> tuple[int, int]:
    """Return the range of codes: from the zero point's type, ``output_dtype``, or uint8."""
    kind = int(attributes(node).get("output_dtype", 0)) or TensorProto.UINT8
    if reader.value(node, 2) is not None:
        kind = helper.np_dtype_to_tensor_dtype(reader.array(node, 2, "the zero point").dtype)
    if kind not in RANGES:
        raise Refusal("codes must be INT4, UINT4, INT8, UINT8, INT16 or UINT16")
    return RANGES[kind]


def _quantized(array: npt.NDArray[Any], grid: Grid, low: int, high: int) -> npt.NDArray[np.int64]:
    # A quotient of two float32 that is not a tie differs from one by more than float64 rounds.
    scale = np.array([float(entry) for entry in grid.scale])
    zero_point = np.array(grid.zero_point, np.int64)
    if scale.size > 1:
        axis = grid.axis + array.ndim if grid.axis < 0 else grid.axis
        shape = [-1 if index == axis else 1 for index in range(array.ndim)]
        scale, zero_point = scale.reshape(shape), zero_point.reshape(shape)
    codes = np.rint(array.astype(np.float64) / scale) + zero_point
    return np.asarray(np.clip(codes, low, high), dtype=np.int64)


QDQ_HANDLERS: Mapping[str, Handler] = {
    "DequantizeLinear": dequantize_linear,
    "QuantizeLinear": quantize_linear,
}
