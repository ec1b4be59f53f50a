"""Relu and limits: Clip, Min and Max."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np

from ....ir.ops.clip import Clip
from ....ir.ops.relu import Relu
from ..broadcast import along_channels
from ..reader import Reader, Refusal, attributes, exact_float
from ..values import Constant, QuantizedConstant, Tensor

#: The limits of float32 stand for no limit in old opsets.
LARGEST = float(np.finfo(np.float32).max)


def relu(reader: Reader, node: Any) -> None:
    """Translate Relu."""
    reader.emit(node, Relu(), [reader.tensor(node)])


def clip(reader: Reader, node: Any) -> None:
    """Translate Clip."""
    low, high = clip_limits(reader, node)
    _emit(reader, node, reader.tensor(node), low, high)


def clip_limits(reader: Reader, node: Any) -> tuple[Fraction | None, Fraction | None]:
    """Return the limits of a Clip: attributes before opset 11 and inputs since; None for none.

    Raises
    ------
    Refusal
        If a limit is no number, or leaves nothing.
    """
    options = attributes(node)
    limits: list[Fraction | None] = []
    for index, what, none in ((1, "min", -inf), (2, "max", inf)):
        value = none
        if what in options:
            value = float(options[what])
        elif reader.value(node, index) is not None:
            given = reader.array(node, index, what).reshape(-1)
            if given.size != 1:
                raise Refusal(f"{what} must be one number, not {given.size}")
            value = float(given[0])
        if abs(value) < LARGEST:
            limits.append(exact_float(value))
        elif value * none > 0:
            limits.append(None)
        else:
            raise Refusal(f"{what} must be a limit that leaves values, not {value}")
    return limits[0], limits[1]


def minimum(reader: Reader, node: Any) -> None:
    """Translate Min of a tensor and constants."""
    source, limit = _limit(reader, node, min)
    _emit(reader, node, source, None, limit)


def maximum(reader: Reader, node: Any) -> None:
    """Translate Max of a tensor and constants."""
    source, limit = _limit(reader, node, max)
    _emit(reader, node, source, limit, None)


def _limit(
    reader: Reader, node: Any, pick: Callable[[Iterable[Fraction]], Fraction]
) -> tuple[str, Fraction | None]:
    """Return the tensor that Min or Max limits, and the limit that its constants set together."""
    indices = set(range(len(node.input)))
    constants = {
        index
        for index in indices
        if isinstance(reader.value(node, index), Constant | QuantizedConstant)
    }
    if len(constants) != len(indices) - 1:
        raise Refusal("all inputs but one must be constants; two tensors can only be added")
    (tensor,) = indices - constants
    source = reader.tensor(node, tensor)
    shape = (reader.batch, *reader.builder.shape(source))
    limits: set[Fraction] = set()
    for index in constants:
        limit = reader.exact(node, index, "the limit")
        axis, (values,) = along_channels("the limit", (limit,), shape)
        if axis is not None or limit.ndim > len(shape):
            raise Refusal(f"the limit must be one number, not an array of shape {limit.shape}")
        limits.update(values)
    return source, pick(limits) if limits else None


def _emit(
    reader: Reader, node: Any, source: str, low: Fraction | None, high: Fraction | None
) -> None:
    if low is None and high is None:
        reader.alias(node, Tensor(source))
    else:
        reader.emit(node, Relu() if low == 0 and high is None else Clip(low, high), [source])
