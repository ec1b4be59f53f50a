"""State of reading one model: names, constants, options of nodes, and the graph so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import SparseTensorProto, TensorProto, helper, numpy_helper

from ...ir.graph import GraphBuilder
from ...ir.ops.base import Op, Shape
from ...ir.ops.transpose import Transpose
from ...ir.origin import Origin, transposed
from .limits import MAX_EXACT
from .values import Codes, Constant, QuantizedConstant, Refused, Tensor, Value, exact_array


class Refusal(Exception):
    """A node that cannot be mapped: what is wrong with it and what mends it."""


class Reader:
    """Translates nodes one after another into a GraphBuilder.

    Attributes
    ----------
    builder : GraphBuilder
    batch : int
        Size of the batch axis in the file (1 where it is dynamic): what shapes in it mean.
    opset : int
    input_type : int
        Element type of the model's input, a number of ``onnx.TensorProto``.
    integers : frozenset of str
        Where the model's input holds integers: the tensors of the file that hold some too.
    """

    def __init__(
        self,
        builder: GraphBuilder,
        batch: int,
        opset: int,
        input_type: int = TensorProto.FLOAT,
        integers: frozenset[str] = frozenset(),
    ) -> None:
        self.builder = builder
        self.batch = batch
        self.opset = opset
        self.input_type = input_type
        self.integers = integers
        self.values: dict[str, Value] = {}

    # ---- what a node reads

    def value(self, node: Any, index: int) -> Value | None:
        """Return what input ``index`` stands for; None where the node leaves it out."""
        if index >= len(node.input) or not node.input[index]:
            return None
        name = node.input[index]
        if name not in self.values:
            # The file is whole: a node makes it, and only the first of its outputs is translated.
            raise Refusal(
                f"input {index} must be the first output of a node, not a further one ('{name}'); "
                "export the model for inference"
            )
        return self.values[name]

    def tensor(self, node: Any, index: int = 0) -> str:
        """Return the graph node behind an activation.

        Raises
        ------
        Refusal
            If the input is a constant or stands for integer codes.
        """
        value = self.value(node, index)
        if isinstance(value, Tensor):
            return value.node
        if isinstance(value, Codes):
            raise Refusal(
                f"input {index} must hold real numbers, not integer codes; "
                "put DequantizeLinear before it"
            )
        raise Refusal(f"input {index} must be computed from the model's input, not a constant")

    def shape(self, node: Any, index: int = 0) -> Shape:
        """Return the shape of an activation's frame, in the file's order of axes."""
        return self.builder.shape(self.tensor(node, index))

    def constant(self, node: Any, index: int, what: str) -> Constant | QuantizedConstant:
        """Return a constant input.

        Raises
        ------
        Refusal
            If it is computed at run time, or missing.
        """
        value = self.value(node, index)
        if isinstance(value, Constant | QuantizedConstant):
            return value
        if value is None:
            raise Refusal(f"{what} must be given as input {index}")
        raise Refusal(f"{what} must be a constant, not computed at run time")

    def array(self, node: Any, index: int, what: str) -> npt.NDArray[Any]:
        """Return a constant input that is not quantized, as it stands in the file."""
        value = self.constant(node, index, what)
        if isinstance(value, QuantizedConstant):
            raise Refusal(f"{what} must be a plain constant, not quantized")
        return value.array

    def exact(self, node: Any, index: int, what: str) -> npt.NDArray[np.object_]:
        """Return a constant input as an array of Fraction."""
        value = self.constant(node, index, what)
        size = prod(value.shape)
        if size > MAX_EXACT:
            raise Refusal(f"{what} must have at most {MAX_EXACT:,} elements, not {size:,}")
        return exact_array(value)

    def numbers(self, node: Any, index: int, what: str) -> tuple[int, ...] | None:
        """Return integers from the attribute ``what`` or, in newer opsets, from an input."""
        attribute = attributes(node).get(what)
        if attribute is not None:
            return tuple(int(value) for value in attribute)
        if self.value(node, index) is None:
            return None
        return tuple(int(value) for value in self.array(node, index, what).reshape(-1))

    # ---- what a node makes

    def emit(self, node: Any, op: Op, inputs: Iterable[str]) -> None:
        """Add ``op`` under the node's name; its tensor has the name of the node's output."""
        name = self.builder.add(node_name(node), op, inputs, node.output[0])
        self.values[node.output[0]] = Tensor(name)

    def emit_on_axis(self, node: Any, source: str, axis: int | None, op: Op) -> str:
        """Add an op whose channels lie on ``axis`` of a frame: moved to the end and back.

        ``axis`` None stands for an op without channels. Returns the node that holds the result
        in the file's order of axes.
        """
        rank = len(self.builder.shape(source))
        name, tensor = node_name(node), str(node.output[0])
        if axis is None or axis == rank - 1:
            return self.builder.add(name, op, [source], tensor)
        there = (*(other for other in range(rank) if other != axis), axis)
        back = tuple(there.index(other) for other in range(rank))
        source = self.builder.add(f"{name}/channels_last", Transpose(there), [source])
        try:
            op.verify()
            shape = op.infer(self.builder.shape(source))
        except ValueError as error:
            raise Refusal(str(error)) from error
        turned = transposed(tuple(shape[place] for place in back), there)
        source = self.builder.add(name, op, [source], Origin(tensor, turned))
        return self.builder.add(f"{name}/channels_back", Transpose(back), [source])

    def emit_on_image(self, node: Any, op: Op) -> None:
        """Add an op over (H, W, C) for a node over (C, H, W).

        Raises
        ------
        Refusal
            If the node's input is not an image.
        """
        source = self.tensor(node)
        shape = self.builder.shape(source)
        if len(shape) != 3:
            raise Refusal(
                f"input must have shape (N, C, H, W), not (N, {', '.join(map(str, shape))})"
            )
        self.values[node.output[0]] = Tensor(self.emit_on_axis(node, source, 0, op))

    def alias(self, node: Any, value: Value) -> None:
        """Let the node's output stand for something that is there already."""
        self.values[node.output[0]] = value

    def frame_axis(self, axis: int, rank: int) -> int:
        """Return the axis of a frame of ``rank`` axes that an ONNX axis (batch included) means.

        Raises
        ------
        Refusal
            If it is the batch axis or none at all.
        """
        full = axis + rank + 1 if axis < 0 else axis
        if not 1 <= full <= rank:
            raise Refusal(f"axis must be one of 1…{rank}, not {axis}")
        return full - 1


Handler = Callable[[Reader, Any], None]


def node_name(node: Any) -> str:
    """Return a node's name, or the name of its first output where it has none."""
    return str(node.name or first_output(node))


def first_output(node: Any) -> str:
    """Return the name of a node's first output that has one."""
    return next((str(name) for name in node.output if name), "")


def attributes(node: Any) -> Mapping[str, Any]:
    """Return a node's attributes; strings are decoded, tensors become arrays."""
    values: dict[str, Any] = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        elif isinstance(value, TensorProto):
            value = numpy_helper.to_array(value)
        elif isinstance(value, SparseTensorProto):
            value = _dense(value)
        values[attribute.name] = value
    return values


def _dense(sparse: Any) -> npt.NDArray[Any]:
    values = numpy_helper.to_array(sparse.values)
    places = numpy_helper.to_array(sparse.indices)
    array: npt.NDArray[Any] = np.zeros(tuple(sparse.dims), values.dtype)
    # Flat places, or one row of coordinates per value.
    array[np.unravel_index(places, array.shape) if places.ndim == 1 else tuple(places.T)] = values
    return array


def exact_float(value: float) -> Fraction:
    """Return the exact value of a float attribute."""
    return Fraction(float(value))


def is_refused(values: Iterable[Value | None]) -> bool:
    """Whether any of these stands behind a node that cannot be mapped."""
    return any(isinstance(value, Refused) for value in values)
