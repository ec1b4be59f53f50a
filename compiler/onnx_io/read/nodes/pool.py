"""MaxPool, AveragePool, global pools, and ReduceMean over rows and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....ir.ops.averagepool import AveragePool
from ....ir.ops.base import Shape
from ....ir.ops.maxpool import MaxPool
from ....ir.ops.reshape import Reshape
from ..reader import Reader, Refusal, attributes, node_name
from ..values import Tensor
from .window import Window, read_window


def max_pool(reader: Reader, node: Any) -> None:
    """Translate MaxPool; the indices that it can return are refused."""
    reader.emit_on_image(node, maximum(node, reader.shape(node)))


def maximum(node: Any, frame: Shape) -> MaxPool:
    """Return the op of a MaxPool node whose input has the frame (C, H, W)."""
    if len(node.output) > 1 and node.output[1]:
        raise Refusal("the second output (Indices) must not be used")
    options = attributes(node)
    window = _window(options, frame)
    return MaxPool(window.kernel, window.stride, window.padding, window.dilation)


def _window(options: Mapping[str, Any], frame: Shape) -> Window:
    if "kernel_shape" not in options:
        raise Refusal("kernel_shape must be given")
    window = read_window(options, tuple(options["kernel_shape"]), frame)
    if any(pad >= window.kernel[side % 2] for side, pad in enumerate(window.padding)):
        # A window of padding alone has no largest element and no mean.
        raise Refusal(f"pads must be less than the kernel {window.kernel}, not {window.padding}")
    return window


def average_pool(reader: Reader, node: Any) -> None:
    """Translate AveragePool."""
    options = attributes(node)
    window = _window(options, reader.shape(node))
    if window.dilation != (1, 1):
        raise Refusal(f"dilations must be 1, not {window.dilation}")
    include = bool(options.get("count_include_pad", 0))
    reader.emit_on_image(node, AveragePool(window.kernel, window.stride, window.padding, include))


def global_average_pool(reader: Reader, node: Any) -> None:
    """Translate GlobalAveragePool: the window is the whole frame."""
    reader.emit_on_image(node, AveragePool(_frame(reader, node), (1, 1)))


def global_max_pool(reader: Reader, node: Any) -> None:
    """Translate GlobalMaxPool: the window is the whole frame."""
    reader.emit_on_image(node, MaxPool(_frame(reader, node), (1, 1)))


def _frame(reader: Reader, node: Any) -> tuple[int, int]:
    shape = reader.shape(node)
    if len(shape) != 3:
        raise Refusal(f"input must have shape (N, C, H, W), not {len(shape) + 1} axes")
    return shape[1], shape[2]


def reduce_mean(reader: Reader, node: Any) -> None:
    """Translate ReduceMean over rows, columns or both of an image, in either layout.

    The axes are an attribute before opset 18, and an input since. A mean over one of two axes is
    that of windows of one row or column, wherever the channels are.
    """
    source = reader.tensor(node)
    shape = reader.builder.shape(source)
    axes = reader.numbers(node, 1, "axes")
    if not axes and attributes(node).get("noop_with_empty_axes", 0):
        reader.alias(node, Tensor(source))
        return
    if not axes or len(shape) != 3:
        raise Refusal("axes must be the rows and columns of an image")
    gone = {reader.frame_axis(axis, len(shape)) for axis in axes}
    if not gone <= {0, 1} and not gone <= {1, 2}:
        raise Refusal("axes must be the rows and columns of an image")
    channel = 0 if 2 in gone or gone == {1} else 2
    rows, columns = (axis for axis in range(3) if axis != channel)
    kernel = (shape[rows] if rows in gone else 1, shape[columns] if columns in gone else 1)
    pooled = reader.emit_on_axis(node, source, channel, AveragePool(kernel, (1, 1)))
    if not attributes(node).get("keepdims", 1):
        flat = Reshape(tuple(size for axis, size in enumerate(shape) if axis not in gone))
        pooled = reader.builder.add(f"{node_name(node)}/squeeze", flat, [pooled])
    reader.alias(node, Tensor(pooled))
