"""Scales and zero points as QuantizeLinear, DequantizeLinear and the QLinear ops write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from ....runtime.errors import ModelError
from ...ir.ops.quantize import Quantize
from .exact import fractions
from .reader import Reader, Refusal, attributes, node_name
from .tensors import type_name

Range = tuple[int, int]

#: Ranges of the element types of codes that a quantizer can give.
RANGES: Mapping[int, Range] = {
    TensorProto.UINT2: (0, 3),
    TensorProto.INT2: (-2, 1),
    TensorProto.UINT4: (0, 15),
    TensorProto.INT4: (-8, 7),
    TensorProto.UINT8: (0, 255),
    TensorProto.INT8: (-128, 127),
    TensorProto.UINT16: (0, 65535),
    TensorProto.INT16: (-32768, 32767),
}

#: Ranges of the integers that are wider than codes.
WIDE: Mapping[int, Range] = {
    TensorProto.INT32: (-(2**31), 2**31 - 1),
    TensorProto.UINT32: (0, 2**32 - 1),
    TensorProto.INT64: (-(2**63), 2**63 - 1),
}

#: Element types of constants that DequantizeLinear takes: INT32 is that of biases, INT64 stands
#: for codes that were computed while reading.
INTEGERS = frozenset({*RANGES, TensorProto.INT32, TensorProto.INT64})


@dataclass(frozen=True)
class Grid:
    """Scales and zero points, as many of the one as of the other; ``axis`` is ONNX's."""

    scale: tuple[Fraction, ...]
    zero_point: tuple[int, ...]
    axis: int

    @property
    def single(self) -> Grid:
        """The same grid with one scale where all are equal."""
        if len(set(self.scale)) > 1 or len(set(self.zero_point)) > 1:
            return self
        return Grid(self.scale[:1], self.zero_point[:1], self.axis)

    def quantize(self, low: int, high: int) -> Quantize:
        """Return the rounding to this grid with codes ``low … high``."""
        return Quantize(self.scale, self.zero_point, low, high)


def read_grid(reader: Reader, node: Any) -> Grid:
    """Return the grid in inputs 1 and 2 of a QuantizeLinear or DequantizeLinear.

    Raises
    ------
    Refusal
        If it is computed at run time, in blocks, or of an odd shape.
    ModelError
        If a scale is not a positive number.
    """
    options = attributes(node)
    if options.get("block_size", 0):
        raise Refusal(
            f"block_size must be 0, not {options['block_size']}; quantize per tensor or per channel"
        )
    scale = read_scale(reader, node, 1)
    zero_point = (0,) * len(scale)
    if reader.value(node, 2) is not None:
        array = reader.array(node, 2, "the zero point")
        check_integers("the zero point", array)
        zeros = array.astype(np.int64).reshape(-1)
        if zeros.size not in (1, len(scale)):
            raise Refusal(f"the zero point must have {len(scale)} entries, not {zeros.size}")
        zero_point = tuple(int(zero) for zero in np.broadcast_to(zeros, (len(scale),)))
    return Grid(scale, zero_point, options.get("axis", 1))


def read_scale(reader: Reader, node: Any, index: int) -> tuple[Fraction, ...]:
    """Return the exact scales in an input: one, or one per channel.

    Errors are those of ``read_grid``.
    """
    if reader.value(node, index) is None:
        raise ModelError(f"{node.op_type} '{node_name(node)}': a scale must be given")
    array = reader.array(node, index, "the scale")
    if sum(size > 1 for size in array.shape) > 1:
        raise Refusal(
            f"the scale must be one number or one per channel, not of shape {array.shape}; "
            "quantize per tensor or per channel"
        )
    # float64 holds every float16, bfloat16 and float32.
    numbers = array.astype(np.float64).reshape(-1)
    wrong = numbers[~(np.isfinite(numbers) & (numbers > 0))]
    if wrong.size or not numbers.size:
        raise ModelError(
            f"{node.op_type} '{node_name(node)}': scale '{node.input[index]}' must be positive, "
            f"not {wrong[0] if wrong.size else 'empty'}"
        )
    return fractions(numbers)


def code_range(reader: Reader, node: Any, wide: bool = False) -> Range:
    """Return the range of QuantizeLinear's codes: from the zero point's type, or ``output_dtype``.

    Without both it is that of UINT8.

    Parameters
    ----------
    wide : bool
        Whether INT32 may be as well: PyTorch writes biases so.
    """
    kind = attributes(node).get("output_dtype", 0) or TensorProto.UINT8
    if reader.value(node, 2) is not None:
        kind = _kind(reader.array(node, 2, "the zero point"))
    if wide and kind == TensorProto.INT32:
        return WIDE[kind]
    return range_of(kind)


def range_of(kind: int) -> Range:
    """Return the range of an element type of codes.

    Raises
    ------
    Refusal
        If it is none.
    """
    if kind not in RANGES:
        raise Refusal(
            "codes must be INT2, UINT2, INT4, UINT4, INT8, UINT8, INT16 or UINT16, not "
            f"{type_name(kind)}"
        )
    return RANGES[kind]


def check_integers(what: str, array: npt.NDArray[Any]) -> None:
    """Raise Refusal unless an array holds integers of at most 64 bits."""
    if _kind(array) not in INTEGERS:
        raise Refusal(
            f"{what} must hold integers, not {type_name(_kind(array))}; quantize to integers"
        )


def full_axis(axis: int, rank: int, count: int, size: Any) -> int:
    """Return a per-channel axis counted from the front, batch included.

    Parameters
    ----------
    axis : int
        As the file gives it, negative from the end.
    rank : int
    count : int
        Number of scales.
    size : callable
        From an axis to its size; asked only for one that exists.
    """
    front = axis + rank if axis < 0 else axis
    if not 0 <= front < rank:
        raise Refusal(f"axis must be one of {-rank}…{rank - 1}, not {axis}")
    if size(front) != count:
        raise Refusal(
            f"the scale must have one entry per index of axis {axis} ({size(front)}), not {count}"
        )
    return front


def _kind(array: npt.NDArray[Any]) -> int:
    return int(helper.np_dtype_to_tensor_dtype(array.dtype))
