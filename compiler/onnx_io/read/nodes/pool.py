"""MaxPool, AveragePool, GlobalAveragePool and ReduceMean over rows and columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....ir.ops.averagepool import AveragePool
from ....ir.ops.maxpool import MaxPool
from ....ir.ops.reshape import Reshape
from ..reader import Reader, Refusal, attributes, node_name
from ..values import Tensor
from .window import read_window


def max_pool(reader: Reader, node: Any) -> None:
    """Translate MaxPool; the indices that it can return are refused."""
    if len(node.output) > 1 and node.output[1]:
        raise Refusal("the second output (Indices) must not be used")
    options = attributes(node)
    window = read_window(options, _kernel(options), reader.shape(node))
    reader.emit_on_image(
        node, MaxPool(window.kernel, window.stride, window.padding, window.dilation)
    )


def _kernel(options: Mapping[str, Any]) -> tuple[int, ...]:
    if "kernel_shape" not in options:
        raise Refusal("kernel_shape must be given")
    return tuple(options["kernel_shape"])


def average_pool(reader: Reader, node: Any) -> None:
    """Translate AveragePool."""
    options = attributes(node)
    window = read_window(options, _kernel(options), reader.shape(node))
    if window.dilation != (1, 1):
        raise Refusal(f"dilations must be 1, not {window.dilation}")
    include = bool(options.get("count_include_pad", 0))
    reader.emit_on_image(node, AveragePool(window.kernel, window.stride, window.padding, include))


def global_average_pool(reader: Reader, node: Any) -> None:
    """Translate GlobalAveragePool: the window is the whole frame."""
    shape = reader.shape(node)
    if len(shape) != 3:
        raise Refusal(f"input must have shape (N, C, H, W), not {len(shape) + 1} axes")
    reader.emit_on_image(node, AveragePool((shape[1], shape[2]), (1, 1)))


def reduce_mean(reader: Reader, node: Any) -> None:
    """Translate ReduceMean over the two axes of an image, in either layout."""
    source = reader.tensor(node)
    shape = reader.builder.shape(source)
    axes = reader.numbers(node, 1, "axes")
    if axes is None or len(shape) != 3 or len(axes) != 2:
        raise Refusal("axes must be the rows and columns of an image")
    first, second = sorted(reader.frame_axis(axis, len(shape)) for axis in axes)
    if (first, second) not in ((0, 1), (1, 2)):
        raise Refusal("axes must be the rows and columns of an image")
    channel = 2 if first == 0 else 0
    pooled = reader.emit_on_axis(
        node, source, channel, AveragePool((shape[first], shape[second]), (1, 1))
    )
    if not attributes(node).get("keepdims", 1):
        flat = Reshape((shape[channel],))
        pooled = reader.builder.add(f"{node_name(node)}/squeeze", flat, [pooled])
    reader.alias(node, Tensor(pooled))
