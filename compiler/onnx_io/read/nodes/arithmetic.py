"""Add, Sub, Sum, Neg, Mul and Div: constants become exact scales and shifts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ....ir.ops.add import Add
from ....ir.ops.affine import Affine
from ..broadcast import along_channels
from ..reader import Reader, Refusal, node_name
from ..values import Constant, QuantizedConstant, Tensor

#: From a constant to the scale and shift that it stands for.
Rule = Callable[[Fraction], tuple[Fraction, Fraction]]


def add(reader: Reader, node: Any) -> None:
    """Translate Add of two tensors, or of a tensor and a constant."""
    _sum(reader, node, 2)


def sum_(reader: Reader, node: Any) -> None:
    """Translate Sum of tensors and constants, added from left to right."""
    _sum(reader, node, len(node.input))


def sub(reader: Reader, node: Any) -> None:
    """Translate Sub: of tensors, or with a constant on either side."""
    left, right = (_is_constant(reader, node, index) for index in (0, 1))
    if left:
        _affine(reader, node, 0, lambda constant: (Fraction(-1), constant))
    elif right:
        _affine(reader, node, 1, lambda constant: (Fraction(1), -constant))
    else:
        shapes = reader.shape(node, 0), reader.shape(node, 1)
        _check_shapes(shapes)
        name = f"{node_name(node)}/negative"
        negative = reader.builder.add(name, _NEGATIVE, [reader.tensor(node, 1)])
        reader.emit(node, Add(), [reader.tensor(node, 0), negative])


def neg(reader: Reader, node: Any) -> None:
    """Translate Neg."""
    reader.emit(node, _NEGATIVE, [reader.tensor(node)])


def mul(reader: Reader, node: Any) -> None:
    """Translate Mul of a tensor by a constant."""
    which = next((index for index in (0, 1) if _is_constant(reader, node, index)), None)
    if which is None:
        raise Refusal("one of the inputs must be a constant; two tensors can only be added")
    _affine(reader, node, which, lambda constant: (constant, Fraction(0)))


def div(reader: Reader, node: Any) -> None:
    """Translate Div of a tensor by a constant."""
    if not _is_constant(reader, node, 1):
        raise Refusal("divisor must be a constant, not computed at run time")

    def divide(constant: Fraction) -> tuple[Fraction, Fraction]:
        if not constant:
            raise Refusal("divisor must not be 0")
        return 1 / constant, Fraction(0)

    _affine(reader, node, 1, divide)


_NEGATIVE = Affine((Fraction(-1),), (Fraction(0),))


def _is_constant(reader: Reader, node: Any, index: int) -> bool:
    return isinstance(reader.value(node, index), Constant | QuantizedConstant)


def _check_shapes(shapes: tuple[tuple[int, ...], ...]) -> None:
    if len(set(shapes)) > 1:
        which = "both" if len(shapes) == 2 else "all"
        listed = " and ".join(map(str, shapes))
        raise Refusal(f"{which} inputs must have one shape, not {listed}")


def _sum(reader: Reader, node: Any, count: int) -> None:
    constants = [index for index in range(count) if _is_constant(reader, node, index)]
    tensors = [index for index in range(count) if index not in constants]
    _check_shapes(tuple(reader.shape(node, index) for index in tensors))
    # A sum without tensors says what it must have.
    sources = [reader.tensor(node, index) for index in tensors or (0,)]
    total = sources[0]
    for place, source in enumerate(sources[1:], 2):
        if place == len(sources) and not constants:
            reader.emit(node, Add(), [total, source])
            return
        total = reader.builder.add(f"{node_name(node)}/{place}", Add(), [total, source])
    if not constants:
        reader.alias(node, Tensor(total))
        return
    arrays = [reader.exact(node, index, "the constant") for index in constants]
    try:
        constant = sum(arrays)
    except ValueError as error:
        shapes = " and ".join(str(array.shape) for array in arrays)
        raise Refusal(
            f"constants must broadcast to each other, not have shapes {shapes}"
        ) from error
    _emit_affine(reader, node, total, constant, lambda value: (Fraction(1), value))


def _affine(reader: Reader, node: Any, which: int, rule: Rule) -> None:
    source = reader.tensor(node, 1 - which)
    _emit_affine(reader, node, source, reader.exact(node, which, "the constant"), rule)


def _emit_affine(reader: Reader, node: Any, source: str, constant: Any, rule: Rule) -> None:
    shape = (reader.batch, *reader.builder.shape(source))
    exact: npt.NDArray[np.object_] = np.asarray(constant, object)
    if exact.ndim > len(shape):
        # The sum would have more axes, with the batch behind them.
        raise Refusal(f"constant must have at most {len(shape)} axes, not {exact.ndim}")
    axis, (values,) = along_channels("constant", (exact,), shape)
    if axis == 0:
        raise Refusal("constant must be one number or one per channel, not one per frame")
    pairs = [rule(value) for value in values]
    op = Affine(tuple(scale for scale, _ in pairs), tuple(shift for _, shift in pairs))
    place = None if axis is None else axis - 1
    reader.alias(node, Tensor(reader.emit_on_axis(node, source, place, op)))
