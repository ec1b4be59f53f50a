"""Relu, Clip, and arithmetic with constants; addition of two tensors."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ....ir.ops.add import Add
from ....ir.ops.affine import Affine
from ....ir.ops.clip import Clip
from ....ir.ops.relu import Relu
from ..reader import Reader, Refusal, attributes, exact_float
from ..values import Constant, QuantizedConstant, Tensor


def relu(reader: Reader, node: Any) -> None:
    """Translate Relu."""
    reader.emit(node, Relu(), [reader.tensor(node)])


def clip(reader: Reader, node: Any) -> None:
    """Translate Clip; its limits are attributes before opset 11 and inputs since."""
    options = attributes(node)
    limits: list[Fraction | None] = []
    for index, what in ((1, "min"), (2, "max")):
        if what in options:
            value = float(options[what])
        elif reader.value(node, index) is not None:
            value = float(reader.array(node, index, what).reshape(-1)[0])
        else:
            value = float("inf")
        # The limits of float32 stand for no limit in old opsets.
        finite = abs(value) < float(np.finfo(np.float32).max)
        limits.append(exact_float(value) if finite else None)
    op = Relu() if limits == [0, None] else Clip(limits[0], limits[1])
    reader.emit(node, op, [reader.tensor(node)])


def add(reader: Reader, node: Any) -> None:
    """Translate Add of two tensors, or of a tensor and a constant."""
    left, right = reader.value(node, 0), reader.value(node, 1)
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        shapes = reader.shape(node, 0), reader.shape(node, 1)
        if shapes[0] != shapes[1]:
            raise Refusal(f"both inputs must have one shape, not {shapes[0]} and {shapes[1]}")
        reader.emit(node, Add(), [left.node, right.node])
        return
    _affine(reader, node, lambda constant: (Fraction(1), constant))


def sub(reader: Reader, node: Any) -> None:
    """Translate Sub of a constant from a tensor, or of a tensor from a constant."""
    if isinstance(reader.value(node, 0), Constant | QuantizedConstant):
        _affine(reader, node, lambda constant: (Fraction(-1), constant))
    else:
        _affine(reader, node, lambda constant: (Fraction(1), -constant))


def mul(reader: Reader, node: Any) -> None:
    """Translate Mul of a tensor by a constant."""
    _affine(reader, node, lambda constant: (constant, Fraction(0)))


def div(reader: Reader, node: Any) -> None:
    """Translate Div of a tensor by a constant."""
    if isinstance(reader.value(node, 0), Constant | QuantizedConstant):
        raise Refusal("divisor must be a constant, not computed at run time")

    def divide(constant: Fraction) -> tuple[Fraction, Fraction]:
        if not constant:
            raise Refusal("divisor must not be 0")
        return 1 / constant, Fraction(0)

    _affine(reader, node, divide)


def _affine(reader: Reader, node: Any, rule: Any) -> None:
    which = 0 if isinstance(reader.value(node, 0), Constant | QuantizedConstant) else 1
    if not isinstance(reader.value(node, which), Constant | QuantizedConstant):
        raise Refusal("one of the inputs must be a constant; two tensors can only be added")
    source = reader.tensor(node, 1 - which)
    constant = reader.exact(node, which, "the constant")
    axis, values = _per_channel(constant, reader.builder.shape(source))
    pairs = [rule(value) for value in values]
    op = Affine(tuple(scale for scale, _ in pairs), tuple(shift for _, shift in pairs))
    reader.alias(node, Tensor(reader.emit_on_axis(node, source, axis, op)))


def _per_channel(
    constant: npt.NDArray[np.object_], frame: tuple[int, ...]
) -> tuple[int | None, list[Fraction]]:
    """Return the frame's axis along which a broadcast constant varies, and its values there."""
    rank = len(frame) + 1
    while constant.ndim > rank and constant.shape[0] == 1:
        constant = constant[0]
    if constant.ndim > rank:
        raise Refusal(f"constant must have at most {rank} axes, not {constant.ndim}")
    constant = constant.reshape((1,) * (rank - constant.ndim) + constant.shape)
    if any(size not in (1, full) for size, full in zip(constant.shape[1:], frame, strict=True)):
        raise Refusal(f"constant must fit a tensor of shape (N, {', '.join(map(str, frame))})")
    for axis in range(rank):
        first = constant.take([0], axis)
        if bool(np.all(constant == first)):
            constant = first
    varying = [axis for axis in range(rank) if constant.shape[axis] > 1]
    if len(varying) > 1 or 0 in varying:
        raise Refusal("constant must be one number or one per channel, not an image")
    return (varying[0] - 1 if varying else None), list(constant.reshape(-1))
