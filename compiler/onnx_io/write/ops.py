"""How every op of the graph IR is written: batch first, float32, channels last or in front."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ....runtime.errors import UnsupportedError
from ....runtime.numerics import Rounding
from ...ir.ops.add import Add
from ...ir.ops.affine import Affine
from ...ir.ops.averagepool import AveragePool
from ...ir.ops.base import Op
from ...ir.ops.batchnorm import BatchNorm
from ...ir.ops.clip import Clip
from ...ir.ops.concat import Concat
from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ...ir.ops.maxpool import MaxPool
from ...ir.ops.pad import Pad
from ...ir.ops.quantize import Quantize
from ...ir.ops.relu import Relu
from ...ir.ops.reshape import Reshape
from ...ir.ops.slice import Slice
from ...ir.ops.tail import ArgMax, Sigmoid, Softmax
from ...ir.ops.transpose import Transpose
from .writer import Writer

Inputs = tuple[str, ...]

#: Integer types for codes, narrowest first.
_CODES = (np.uint8, np.int8, np.uint16, np.int16)


def write_op(writer: Writer, op: Op, inputs: Inputs, output: str, behind: int = 0) -> None:
    """Write one op that reads ``inputs`` and makes ``output``.

    Parameters
    ----------
    writer : Writer
    op : Op
        Its axes are those of the tensors as they are written.
    inputs : tuple of str
    output : str
    behind : int
        Axes behind that of the channels: 0, or 2 where images are (N, C, H, W).
    """
    _WRITE[type(op)](writer, op, inputs, output, behind)


def _floats(values: tuple[Fraction, ...]) -> npt.NDArray[np.float32]:
    return np.array([float(value) for value in values], np.float32)


def _along(values: npt.NDArray[np.float32], behind: int) -> npt.NDArray[np.float32]:
    """Return constants so that they broadcast along the channels."""
    return values.reshape(-1, *(1,) * behind) if values.size > 1 else values


def _affine(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    scale = writer.constant(f"{output}:scale", _along(_floats(op.scale), behind))
    shift = writer.constant(f"{output}:shift", _along(_floats(op.shift), behind))
    product = writer.step("Mul", (inputs[0], scale), f"{output}:product")
    writer.node("Add", (product, shift), output)


def _quantize(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    if op.rounding is not Rounding.HALF_EVEN:
        raise UnsupportedError(
            f"quantizer '{output}' must round half to even to be written as QuantizeLinear, "
            f"not {op.rounding.value}"
        )
    if op.zero_first:
        raise UnsupportedError(
            f"quantizer '{output}' must add its zero point behind rounding to be written as "
            "QuantizeLinear, not in front of it"
        )
    source = inputs[0]
    kind = next(
        kind for kind in _CODES if np.iinfo(kind).min <= op.low and op.high <= np.iinfo(kind).max
    )
    if (op.low, op.high) != (np.iinfo(kind).min, np.iinfo(kind).max):
        # A narrower range is a Clip in front of the quantizer, as other tools write it.
        pairs = list(zip(op.scale, op.zero_point, strict=True))
        ends = [_floats(tuple((end - zp) * s for s, zp in pairs)) for end in (op.low, op.high)]
        if op.per_channel:
            limits = _limits(writer, output, [_along(end, behind) for end in ends])
            source = writer.step("Max", (source, limits[0]), f"{output}:raised")
            source = writer.step("Min", (source, limits[1]), f"{output}:clipped")
        else:
            limits = _limits(writer, output, [end.reshape(()) for end in ends])
            source = writer.step("Clip", (source, *limits), f"{output}:clipped")
    axis: dict[str, int] = {"axis": -1 - behind} if op.per_channel else {}
    scale, zero_point = _floats(op.scale), np.array(op.zero_point, kind)
    if not op.per_channel:
        scale, zero_point = scale.reshape(()), zero_point.reshape(())
    grid = (
        writer.constant(f"{output}:scale", scale),
        writer.constant(f"{output}:zero_point", zero_point),
    )
    codes = writer.step("QuantizeLinear", (source, *grid), f"{output}:codes", **axis)
    writer.node("DequantizeLinear", (codes, *grid), output, **axis)


def _limits(writer: Writer, output: str, ends: list[npt.NDArray[np.float32]]) -> list[str]:
    names = (f"{output}:low", f"{output}:high")
    return [writer.constant(name, end) for name, end in zip(names, ends, strict=True)]


def _weights(writer: Writer, op: Any, output: str, perm: tuple[int, ...]) -> list[str]:
    """Write weight and bias; quantized weights stand behind DequantizeLinear."""
    name = f"{output}:weight"
    array = op.weight.transpose(perm)
    if op.weight_scale is None:
        names = [writer.constant(name, array.astype(np.float32))]
    else:
        narrow = np.iinfo(np.int8)
        fits = array.size == 0 or (narrow.min <= array.min() and array.max() <= narrow.max)
        codes = writer.constant(f"{name}:codes", array.astype(np.int8 if fits else np.int32))
        scale = _floats(op.weight_scale)
        scale = scale.reshape(()) if scale.size == 1 else scale
        scales = writer.constant(f"{name}:scale", scale)
        axis: dict[str, int] = {} if scale.ndim == 0 else {"axis": 0}
        names = [writer.step("DequantizeLinear", (codes, scales), name, **axis)]
    if op.bias is not None:
        names.append(writer.constant(f"{output}:bias", _floats(op.bias)))
    return names


def _on_image(
    writer: Writer, kind: str, inputs: Inputs, output: str, behind: int, **options: Any
) -> None:
    if behind:
        writer.node(kind, inputs, output, **options)
        return
    first = writer.step("Transpose", inputs[:1], f"{output}:first", perm=[0, 3, 1, 2])
    made = writer.step(kind, (first, *inputs[1:]), f"{output}:made", **options)
    writer.node("Transpose", (made,), output, perm=[0, 2, 3, 1])


def _conv(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    weights = _weights(writer, op, output, (0, 3, 1, 2))
    _on_image(
        writer,
        "Conv",
        (*inputs, *weights),
        output,
        behind,
        kernel_shape=op.kernel,
        strides=op.stride,
        pads=op.padding,
        dilations=op.dilation,
        group=op.groups,
    )


def _dense(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    weights = _weights(writer, op, output, (0, 1))
    writer.node("Gemm", (*inputs, *weights), output, transB=1)


def _max_pool(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    _on_image(
        writer,
        "MaxPool",
        inputs,
        output,
        behind,
        kernel_shape=op.kernel,
        strides=op.stride,
        pads=op.padding,
        dilations=op.dilation,
    )


def _average_pool(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    _on_image(
        writer,
        "AveragePool",
        inputs,
        output,
        behind,
        kernel_shape=op.kernel,
        strides=op.stride,
        pads=op.padding,
        count_include_pad=int(op.count_include_pad),
    )


def _relu(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    writer.node("Relu", inputs, output)


def _clip(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    limits = [
        ""
        if limit is None
        else writer.constant(f"{output}:{what}", np.array(float(limit), np.float32))
        for what, limit in (("low", op.low), ("high", op.high))
    ]
    writer.node("Clip", (*inputs, *limits), output)


def _add(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    writer.node("Add", inputs, output)


def _concat(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    writer.node("Concat", inputs, output, axis=op.axis + 1)


def _reshape(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    shape = writer.constant(f"{output}:shape", np.array((-1, *op.shape), np.int64))
    writer.node("Reshape", (*inputs, shape), output)


def _transpose(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    perm = [0, *(axis + 1 for axis in op.perm)]
    writer.node("Transpose", inputs, output, perm=perm)


def _slice(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    starts = np.array(op.start, np.int64)
    steps = np.array(op.step, np.int64)
    arrays = {
        "starts": starts,
        "ends": starts + (np.array(op.size, np.int64) - 1) * steps + 1,
        "axes": np.arange(1, len(op.start) + 1, dtype=np.int64),
        "steps": steps,
    }
    names = [writer.constant(f"{output}:{what}", array) for what, array in arrays.items()]
    writer.node("Slice", (*inputs, *names), output)


def _pad(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    pads = np.array((0, *op.before, 0, *op.after), np.int64)
    writer.node("Pad", (*inputs, writer.constant(f"{output}:pads", pads)), output)


def _softmax(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    writer.node("Softmax", inputs, output, axis=op.axis + 1)


def _sigmoid(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    writer.node("Sigmoid", inputs, output)


def _arg_max(writer: Writer, op: Any, inputs: Inputs, output: str, behind: int) -> None:
    writer.node("ArgMax", inputs, output, axis=op.axis + 1, keepdims=int(op.keepdims))


_WRITE: Mapping[type[Op], Callable[[Writer, Any, Inputs, str, int], None]] = {
    Add: _add,
    Affine: _affine,
    ArgMax: _arg_max,
    AveragePool: _average_pool,
    BatchNorm: _affine,
    Clip: _clip,
    Concat: _concat,
    Conv: _conv,
    Dense: _dense,
    MaxPool: _max_pool,
    Pad: _pad,
    Quantize: _quantize,
    Relu: _relu,
    Reshape: _reshape,
    Sigmoid: _sigmoid,
    Slice: _slice,
    Softmax: _softmax,
    Transpose: _transpose,
}
