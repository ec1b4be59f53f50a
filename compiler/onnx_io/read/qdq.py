"""The QDQ format: QuantizeLinear and DequantizeLinear around the standard ops.

ONNX Runtime keeps the same two ops in a domain of its own for types that older opsets lack.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ....runtime.numerics import Rounding
from ...ir.ops.affine import Affine
from ...ir.ops.base import Shape
from ...ir.ops.opaque import Opaque
from .codes import input_codes
from .constant_codes import ChannelGrid, quantized_constant
from .grid import Grid, check_integers, code_range, full_axis, read_grid
from .reader import Handler, Reader, Refusal
from .values import Codes, Constant, QuantizedConstant, Tensor


def quantize_linear(reader: Reader, node: Any) -> None:
    """Translate QuantizeLinear of an activation or of a constant."""
    grid = read_grid(reader, node)
    value = reader.value(node, 0)
    if isinstance(value, Constant | QuantizedConstant):
        low, high = code_range(reader, node, wide=True)
        reader.alias(node, Constant(_quantized(value, grid, low, high)))
        return
    low, high = code_range(reader, node)
    grid = grid.single
    source = reader.tensor(node)
    axis = frame_axis(grid, reader.builder.shape(source))
    op = grid.quantize(low, high)
    reader.alias(node, Codes(reader.emit_on_axis(node, source, axis, op), op, axis))


def dequantize_linear(reader: Reader, node: Any) -> None:
    """Translate DequantizeLinear of codes, of a constant, or of an integer model input."""
    grid = read_grid(reader, node)
    value = input_codes(reader, node) or reader.value(node, 0)
    if isinstance(value, Constant):
        reader.alias(node, _dequantized(value.array, grid))
    elif isinstance(value, Codes):
        _dequantize_codes(reader, node, value, grid.single)
    elif isinstance(value, Tensor) and isinstance(reader.builder.op(value.node), Opaque):
        # What cannot be read has been reported; what follows it can be looked at.
        reader.alias(node, value)
    else:
        raise Refusal("input 0 must hold integer codes, not real numbers; put QuantizeLinear first")


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
    old, new = (scale * count if len(scale) == 1 else scale for scale in (made.scale, grid.scale))
    zeros, others = (
        [Fraction(zero) for zero in zero_point] * (count // len(zero_point))
        for zero_point in (made.zero_point, grid.zero_point)
    )
    factors = tuple(b / a for a, b in zip(old, new, strict=True))
    shifts = tuple((a - b) * scale for a, b, scale in zip(zeros, others, new, strict=True))
    op = Affine(factors, shifts)
    axis = codes.axis if axis is None else axis
    reader.alias(node, Tensor(reader.emit_on_axis(node, codes.node, axis, op)))


def _quantized(
    value: Constant | QuantizedConstant, grid: Grid, low: int, high: int
) -> npt.NDArray[np.int64]:
    axis, zero_point, rank = None, np.array(grid.zero_point, np.int64), len(value.shape)
    if len(grid.scale) > 1:
        axis = full_axis(grid.axis, rank, len(grid.scale), value.shape.__getitem__)
        zero_point = _along(zero_point, axis, rank)
    # The zero point is added behind the rounding.
    zeros = (Fraction(0),) * len(grid.scale)
    lows = tuple(low - zero for zero in grid.zero_point)
    highs = tuple(high - zero for zero in grid.zero_point)
    exact = ChannelGrid(axis, grid.scale, zeros, lows, highs, Rounding.HALF_EVEN)
    codes = quantized_constant(value, exact).codes
    return np.asarray(codes + zero_point, dtype=np.int64)


def _along(values: npt.NDArray[Any], axis: int, rank: int) -> npt.NDArray[Any]:
    return values.reshape([-1 if index == axis else 1 for index in range(rank)])


QDQ_HANDLERS: Mapping[str, Handler] = {
    "DequantizeLinear": dequantize_linear,
    "QuantizeLinear": quantize_linear,
}
