"""Common ends of classifiers: Softmax, Sigmoid, ArgMax."""

from __future__ import annotations

from typing import Any

from ....ir.ops.tail import ArgMax, Sigmoid, Softmax
from ..reader import Reader, Refusal, attributes

#: Until opset 12, Softmax flattened the tensor at its axis.
SOFTMAX_ALONG_AXIS = 13


def softmax(reader: Reader, node: Any) -> None:
    """Translate Softmax."""
    rank = len(reader.shape(node))
    old = reader.opset < SOFTMAX_ALONG_AXIS
    axis = reader.frame_axis(int(attributes(node).get("axis", 1 if old else -1)), rank)
    if old and axis != rank - 1:
        raise Refusal(f"axis must be the last one in opsets before 13, not {axis + 1}")
    reader.emit(node, Softmax(axis), [reader.tensor(node)])


def sigmoid(reader: Reader, node: Any) -> None:
    """Translate Sigmoid."""
    reader.emit(node, Sigmoid(), [reader.tensor(node)])


def arg_max(reader: Reader, node: Any) -> None:
    """Translate ArgMax that takes the first of equal elements."""
    options = attributes(node)
    if options.get("select_last_index", 0):
        raise Refusal("select_last_index must be 0, not 1")
    axis = reader.frame_axis(int(options.get("axis", 0)), len(reader.shape(node)))
    op = ArgMax(axis, bool(options.get("keepdims", 1)))
    reader.emit(node, op, [reader.tensor(node)])
