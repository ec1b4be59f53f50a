"""QONNX's channels-last ops: those of the standard, over (N, H, W, C).

Attributes and their defaults are the standard's. The weight of Conv is (F, kh, kw, C), as
``qonnx/custom_op/channels_last`` executes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ir.ops.base import Shape
from .nodes.linear import convolution
from .nodes.norm import normalization
from .nodes.pool import maximum
from .reader import Handler, Reader, Refusal
from .values import Constant

CHANNELS_LAST_DOMAINS = ("qonnx.custom_op.channels_last", "finn.custom_op.channels_last")

#: MaxPoolNHWC is older and stands among the general ops.
NHWC_DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general")


def conv(reader: Reader, node: Any) -> None:
    """Translate Conv over (N, H, W, C)."""
    frame = _frame(reader, node)
    weight = reader.constant(node, 1, "the weight")
    if len(weight.shape) != 4:
        raise Refusal(f"weight must have 4 axes (F, kh, kw, C), not {len(weight.shape)}")
    perm = (0, 3, 1, 2)
    if isinstance(weight, Constant):
        weight = Constant(weight.array.transpose(perm))
    else:
        weight = weight.transposed(perm)
    reader.emit(node, convolution(reader, node, weight, frame), [reader.tensor(node)])


def max_pool(reader: Reader, node: Any) -> None:
    """Translate MaxPool over (N, H, W, C)."""
    reader.emit(node, maximum(node, _frame(reader, node)), [reader.tensor(node)])


def batch_normalization(reader: Reader, node: Any) -> None:
    """Translate BatchNormalization whose channels are the last axis."""
    reader.emit(node, normalization(reader, node), [reader.tensor(node)])


def _frame(reader: Reader, node: Any) -> Shape:
    """Return the node's input as (C, H, W)."""
    shape = reader.shape(node)
    if len(shape) != 3:
        raise Refusal(f"input must have shape (N, H, W, C), not (N, {', '.join(map(str, shape))})")
    return shape[2], shape[0], shape[1]


CHANNELS_LAST_HANDLERS: Mapping[str, Handler] = {
    "BatchNormalization": batch_normalization,
    "Conv": conv,
    "MaxPool": max_pool,
}

NHWC_HANDLERS: Mapping[str, Handler] = {"MaxPoolNHWC": max_pool}
