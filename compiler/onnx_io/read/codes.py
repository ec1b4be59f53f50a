"""Ops that only move or choose elements, on integer codes and on constants.

What moves codes moves the real values that they stand for: the op is translated on these, and the
result stands for codes again. What moves elements of a constant is executed.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ValueInfoProto, helper
from onnx.reference import ReferenceEvaluator

from ...ir.ops.affine import Affine
from ...ir.ops.input import Input
from ...ir.ops.quantize import Quantize
from ...ir.ops.reshape import Reshape
from ...ir.ops.transpose import Transpose
from .grid import RANGES, WIDE, range_of
from .nodes.elementwise import clip_limits
from .reader import Handler, Reader, Refusal, attributes
from .shapes import FLOATS
from .tensors import type_name
from .values import Codes, Constant, QuantizedConstant, Tensor

Places = npt.NDArray[np.int64]


def input_codes(reader: Reader, node: Any) -> Codes | None:
    """Return the codes in input 0 where that is the model's input, of integers; None if it is not.

    The codes are whole numbers of the input's element type, on the grid of scale 1.

    Raises
    ------
    Refusal
        If the input's integers are wider than codes.
    """
    value = reader.value(node, 0)
    if not isinstance(value, Tensor) or node.input[0] not in reader.integers:
        return None
    name = value.node
    while isinstance(op := reader.builder.op(name), Reshape | Transpose):
        (name,) = reader.builder.inputs(name)
    if not isinstance(op, Input):
        return None
    grid = Quantize((Fraction(1),), (0,), *range_of(reader.input_type))
    tensor = str(node.input[0])
    codes = Codes(reader.builder.add(f"{tensor}/codes", grid, [value.node], tensor), grid)
    # All that read the input read the same codes.
    reader.values[tensor] = codes
    return codes


def real(handler: Handler) -> Handler:
    """Return a handler of an op that means another thing where it computes with integers.

    Integers wrap around, and their quotients are cut.
    """

    def handle(reader: Reader, node: Any) -> None:
        if not reader.integers.isdisjoint(node.input):
            raise Refusal("inputs must be real numbers, not integers; put Cast to float first")
        handler(reader, node)

    return handle


def moving(handler: Handler) -> Handler:
    """Return a handler of an op that only moves elements: also of codes and of constants."""

    def handle(reader: Reader, node: Any) -> None:
        value = reader.value(node, 0)
        if isinstance(value, Codes):
            axis = value.axis
            if axis is not None:
                axis = _moved_axis(reader, node, value, axis)
            _translate(reader, node, value, handler, axis)
        elif isinstance(value, Constant):
            places = _moved(reader, node, _places(value.shape))
            reader.alias(node, Constant(value.array.reshape(-1)[places]))
        elif isinstance(value, QuantizedConstant):
            reader.alias(node, _moved_weight(reader, node, value))
        else:
            handler(reader, node)

    return handle


def choosing(handler: Handler) -> Handler:
    """Return a handler of an op that chooses among the elements of a channel: also of codes."""

    def handle(reader: Reader, node: Any) -> None:
        value = input_codes(reader, node) or reader.value(node, 0)
        if isinstance(value, Codes):
            _translate(reader, node, value, handler, value.axis)
        else:
            handler(reader, node)

    return handle


def comparing(handler: Handler) -> Handler:
    """Return a handler of an op that compares elements with each other: also codes of one scale."""

    def handle(reader: Reader, node: Any) -> None:
        value = reader.value(node, 0)
        if isinstance(value, Codes) and value.axis is not None:
            raise Refusal(
                "codes must have one scale where channels are compared; put DequantizeLinear first"
            )
        if isinstance(value, Codes):
            _on_reals(reader, node, value, handler)
        else:
            handler(reader, node)

    return handle


def relu(handler: Handler) -> Handler:
    """Return a handler of Relu: also of codes, whose lower limit becomes 0."""

    def handle(reader: Reader, node: Any) -> None:
        value = input_codes(reader, node) or reader.value(node, 0)
        if isinstance(value, Codes | Constant):
            _limit(reader, node, value, Fraction(0), None)
        else:
            handler(reader, node)

    return handle


def clip(handler: Handler) -> Handler:
    """Return a handler of Clip: also of codes, whose grid gets fewer of them."""

    def handle(reader: Reader, node: Any) -> None:
        value = input_codes(reader, node) or reader.value(node, 0)
        if isinstance(value, Codes | Constant):
            _limit(reader, node, value, *clip_limits(reader, node))
        else:
            handler(reader, node)

    return handle


def cast(handler: Handler) -> Handler:
    """Return a handler of Cast: also of codes and constants, to types that hold them."""

    def handle(reader: Reader, node: Any) -> None:
        value = reader.value(node, 0)
        kind = int(attributes(node).get("to", 0))
        if isinstance(value, QuantizedConstant) and kind in FLOATS:
            reader.alias(node, value)
        elif isinstance(value, Constant) and kind in {*FLOATS, *WIDE, *RANGES}:
            reader.alias(node, Constant(_cast(value.array, kind)))
        elif isinstance(value, Codes) and kind in FLOATS:
            reader.alias(node, Tensor(as_numbers(reader, node, value)))
        elif isinstance(value, Codes):
            low, high = WIDE.get(kind) or range_of(kind)
            if not low <= value.grid.low <= value.grid.high <= high:
                raise Refusal(
                    f"to must be a type that holds the codes {value.grid.low}…{value.grid.high}, "
                    f"not {type_name(kind)}"
                )
            reader.alias(node, value)
        else:
            handler(reader, node)

    return handle


def as_numbers(reader: Reader, node: Any, codes: Codes) -> str:
    """Return a graph node that holds codes themselves as real numbers, named after ``node``."""
    op = Affine(
        tuple(1 / scale for scale in codes.grid.scale),
        tuple(Fraction(zero) for zero in codes.grid.zero_point),
    )
    return reader.emit_on_axis(node, codes.node, codes.axis, op)


def _cast(array: npt.NDArray[Any], kind: int) -> npt.NDArray[Any]:
    if kind in FLOATS:
        return array.astype(np.float64)
    whole = array.astype(np.int64)
    low, high = WIDE.get(kind) or range_of(kind)
    if (whole != array).any() or whole.min(initial=0) < low or whole.max(initial=0) > high:
        raise Refusal(f"to must be a type that holds the constant, not {type_name(kind)}")
    return whole


def _translate(reader: Reader, node: Any, codes: Codes, handler: Handler, axis: int | None) -> None:
    """Translate a node on the real values behind codes, and take the result for codes again."""
    _on_reals(reader, node, codes, handler)
    made = reader.values[node.output[0]]
    if isinstance(made, Tensor):
        reader.alias(node, Codes(made.node, codes.grid, axis))


def _on_reals(reader: Reader, node: Any, codes: Codes, handler: Handler) -> None:
    reader.values[node.input[0]] = Tensor(codes.node)
    try:
        handler(reader, node)
    finally:
        reader.values[node.input[0]] = codes


def _limit(
    reader: Reader,
    node: Any,
    value: Codes | Constant,
    low: Fraction | None,
    high: Fraction | None,
) -> None:
    """Limit codes as they stand, zero point included; a limit above the other gives way to it."""
    real = isinstance(value, Constant) and value.array.dtype.kind == "f"
    for limit in (low, high):
        if limit is not None and limit.denominator != 1 and not real:
            raise Refusal(f"limits of codes must be whole numbers, not {float(limit)}")
    if isinstance(value, Constant):
        array = value.array if real else value.array.astype(np.int64)
        number = float if real else int
        array = array if low is None else np.maximum(array, number(low))
        reader.alias(node, Constant(array if high is None else np.minimum(array, number(high))))
        return
    first, last = value.grid.low, value.grid.high
    for limit, pick in ((low, max), (high, min)):
        if limit is not None:
            first, last = pick(first, int(limit)), pick(last, int(limit))
    grid = replace(value.grid, low=first, high=last)
    name = reader.emit_on_axis(node, value.node, value.axis, grid)
    reader.alias(node, Codes(name, grid, value.axis))


def _moved_weight(reader: Reader, node: Any, value: QuantizedConstant) -> QuantizedConstant:
    places = _moved(reader, node, _places(value.shape))
    codes = value.codes.reshape(-1)[places]
    if len(value.scale) == 1:
        return QuantizedConstant(codes, value.scale)
    owner = _owners(value.shape, value.axis).reshape(-1)[places]
    axis = _axis_of(owner, len(value.scale))
    if axis is None:
        raise Refusal("the weight must be moved so that its scales stay on one axis; scale it last")
    return QuantizedConstant(codes, value.scale, axis)


def _moved_axis(reader: Reader, node: Any, codes: Codes, axis: int) -> int:
    """Return the axis of a frame on which the scales of codes lie behind a node."""
    shape = (reader.batch, *reader.builder.shape(codes.node))
    owner = _moved(reader, node, _owners(shape, axis + 1))
    found = _axis_of(owner, len(codes.grid.scale))
    if not found:
        raise Refusal(
            "codes with a scale per channel must keep their channels on one axis; "
            "put DequantizeLinear first, or export with per-tensor activation scales"
        )
    return found - 1


def _places(shape: tuple[int, ...]) -> Places:
    return np.arange(prod(shape), dtype=np.int64).reshape(shape)


def _owners(shape: tuple[int, ...], axis: int) -> Places:
    """Return every element's index on an axis."""
    return np.indices(shape, dtype=np.int64, sparse=True)[axis] + np.zeros(shape, np.int64)


def _axis_of(owner: Places, count: int) -> int | None:
    """Return the axis along which ``owner`` is its own index, or None."""
    for axis, size in enumerate(owner.shape):
        if size == count and (owner == _owners(owner.shape, axis)).all():
            return axis
    return None


def _moved(reader: Reader, node: Any, elements: Places) -> Places:
    """Return what a node that only moves elements makes of an array, by ONNX's own reference."""
    feeds: dict[str, Any] = {node.input[0]: elements}
    for index in range(1, len(node.input)):
        if node.input[index]:
            feeds[node.input[index]] = reader.array(node, index, f"input {index}")
    graph = helper.make_graph(
        [node],
        "moved",
        [ValueInfoProto(name=name) for name in feeds],
        [ValueInfoProto(name=node.output[0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", reader.opset)])
    try:
        (moved,) = ReferenceEvaluator(model).run(None, feeds)
    except (ValueError, IndexError, TypeError, RuntimeError) as error:
        raise Refusal(f"must fit its input of shape {elements.shape}: {error}") from error
    return np.asarray(moved, dtype=np.int64)
