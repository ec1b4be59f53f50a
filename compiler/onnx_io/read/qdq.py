"""The QDQ format: QuantizeLinear and DequantizeLinear around the standard ops.

ONNX Runtime keeps the same two ops in a domain of its own for types that older opsets lack.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from ...ir.ops.affine import Affine
from ...ir.ops.base import Shape
from ...ir.ops.input import Input
from ...ir.ops.reshape import Reshape
from ...ir.ops.transpose import Transpose
from .grid import Grid, check_integers, code_range, full_axis, range_of, read_grid
from .reader import Handler, Reader, Refusal, node_name
from .values import Codes, Constant, QuantizedConstant, Tensor, exact_array


def quantize_linear(reader: Reader, node: Any) -> None:
    """Translate QuantizeLinear of an activation or of a constant."""
    grid = read_grid(reader, node)
    low, high = code_range(reader, node)
    value = reader.value(node, 0)
    if isinstance(value, Constant | QuantizedConstant):
        reader.alias(node, Constant(_quantized(value, grid, low, high)))
        return
    grid = grid.single
    source = reader.tensor(node)
    axis = frame_axis(grid, reader.builder.shape(source))
    op = grid.quantize(low, high)
    reader.alias(node, Codes(reader.emit_on_axis(node, source, axis, op), op, axis))


def dequantize_linear(reader: Reader, node: Any) -> None:
    """Translate DequantizeLinear of codes, of a constant, or of an integer model input."""
    grid = read_grid(reader, node)
    value = reader.value(node, 0)
    if isinstance(value, Constant):
        reader.alias(node, _dequantized(value.array, grid))
    elif isinstance(value, Codes):
        _dequantize_codes(reader, node, value, grid.single)
    elif isinstance(value, QuantizedConstant):
        raise Refusal("input 0 must hold integer codes, not real numbers")
    else:
        _dequantize_input(reader, node, grid.single)


def frame_axis(grid: Grid, frame: Shape) -> int | None:
    """Return the axis of a frame along which a grid's scales lie; None for a single scale.

    Raises
    ------
    Refusal
        If there is no such axis, it is the batch axis, or has another size.
    """
    if len(grid.scale) == 1:
        return None
    # The batch axis has no size here: None fits no number of scales.
    shape = (None, *frame)
    if grid.axis in (0, -len(shape)):
        raise Refusal("axis must be the channels' where an activation is quantized, not the batch")
    return full_axis(grid.axis, len(shape), len(grid.scale), shape.__getitem__) - 1


def _dequantized(codes: npt.NDArray[Any], grid: Grid) -> QuantizedConstant:
    check_integers("input 0", codes)
    codes = codes.astype(np.int64)
    axis, zero_point = 0, np.array(grid.zero_point, np.int64)
    if len(grid.scale) > 1:
        axis = full_axis(grid.axis, codes.ndim, len(grid.scale), codes.shape.__getitem__)
        zero_point = _along(zero_point, axis, codes.ndim)
    return QuantizedConstant(codes - zero_point, grid.scale, axis)


def _dequantize_codes(reader: Reader, node: Any, codes: Codes, grid: Grid) -> None:
    """Read codes by a grid that need not be the one by which they were made."""
    axis = frame_axis(grid, reader.builder.shape(codes.node))
    made = codes.grid
    if (made.scale, made.zero_point, codes.axis) == (grid.scale, grid.zero_point, axis):
        reader.alias(node, Tensor(codes.node))
        return
    if codes.axis is not None and axis is not None and codes.axis != axis:
        raise Refusal("axis must be that of the QuantizeLinear before it")
    # value = (x / s1 + z1 - z2) * s2: exact in rationals.
    count = max(len(made.scale), len(grid.scale))
    old, zero, new, other = (
        values * count if len(values) == 1 else values
        for values in (made.scale, made.zero_point, grid.scale, grid.zero_point)
    )
    shifts = ((a - b) * scale for a, b, scale in zip(zero, other, new, strict=True))
    op = Affine(tuple(b / a for a, b in zip(old, new, strict=True)), tuple(shifts))
    axis = codes.axis if axis is None else axis
    reader.alias(node, Tensor(reader.emit_on_axis(node, codes.node, axis, op)))


def _dequantize_input(reader: Reader, node: Any, grid: Grid) -> None:
    """Dequantize integers that are the model's input: the quantizer after it changes nothing."""
    source = reader.tensor(node)
    if not _is_input(reader, source) or reader.input_type == TensorProto.FLOAT:
        raise Refusal("input 0 must hold integer codes, not real numbers; put QuantizeLinear first")
    if len(grid.scale) > 1:
        raise Refusal("the scale must be one number where the model's input is dequantized")
    low, high = range_of(reader.input_type)
    affine = Affine(grid.scale, (-grid.zero_point[0] * grid.scale[0],))
    name = node_name(node)
    source = reader.builder.add(f"{name}/real", affine, [source])
    op = grid.quantize(low, high)
    reader.alias(node, Tensor(reader.builder.add(name, op, [source], node.output[0])))


def _is_input(reader: Reader, name: str) -> bool:
    while isinstance(op := reader.builder.op(name), Reshape | Transpose):
        (name,) = reader.builder.inputs(name)
    return isinstance(op, Input)


def _quantized(
    value: Constant | QuantizedConstant, grid: Grid, low: int, high: int
) -> npt.NDArray[np.int64]:
    array = value.array if isinstance(value, Constant) else value.codes
    scale, zero_point = np.array(grid.scale, object), np.array(grid.zero_point, np.int64)
    if scale.size > 1:
        axis = full_axis(grid.axis, array.ndim, scale.size, array.shape.__getitem__)
        scale, zero_point = (_along(x, axis, array.ndim) for x in (scale, zero_point))
    if isinstance(value, QuantizedConstant):
        codes = _rounded(exact_array(value) / scale)
    else:
        codes = _divided(array.astype(np.float64), scale)
    return np.asarray(np.clip(codes + zero_point, low, high), dtype=np.int64)


def _divided(array: npt.NDArray[np.float64], scale: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return round(array / scale), half to even, rounded exactly."""
    with np.errstate(over="ignore", invalid="ignore"):
        quotient = array / scale.astype(np.float64)
        codes = np.rint(quotient)
        # float64 decides unless the quotient lies within its own error of a tie.
        distance = np.abs(np.abs(quotient - codes) - 0.5)
        close = distance <= np.maximum(np.abs(quotient), 1) * 2.0**-50
    numbers, scales = array[close], np.broadcast_to(scale, array.shape)[close]
    exact = [round(Fraction(float(x)) / s) for x, s in zip(numbers, scales, strict=True)]
    # Where the quotient is huge, rounding to float64 changes nothing behind the clamp.
    codes[close] = np.array(exact, dtype=np.float64)
    return np.asarray(codes, dtype=np.float64)


def _rounded(quotients: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    # Fraction's round is half to even.
    codes: npt.NDArray[np.object_] = np.empty(quotients.shape, dtype=object)
    codes.reshape(-1)[:] = [round(quotient) for quotient in quotients.reshape(-1)]
    return codes


def _along(values: npt.NDArray[Any], axis: int, rank: int) -> npt.NDArray[Any]:
    return values.reshape([-1 if index == axis else 1 for index in range(rank)])


QDQ_HANDLERS: Mapping[str, Handler] = {
    "DequantizeLinear": dequantize_linear,
    "QuantizeLinear": quantize_linear,
}
