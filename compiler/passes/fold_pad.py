"""The pass fold-pad."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.averagepool import AveragePool
from ..ir.ops.base import Op
from ..ir.ops.clip import Clip
from ..ir.ops.conv import Conv
from ..ir.ops.maxpool import MaxPool
from ..ir.ops.pad import Pad
from ..ir.ops.quantize import Quantize
from ..ir.ops.relu import Relu
from ..ir.ops.reshape import Reshape
from ..ir.ops.slice import Slice
from ..ir.ops.transpose import Transpose
from ..ir.rebuild import rebuild
from .base import Pass

Padding = tuple[int, int, int, int]


@dataclass(frozen=True)
class FoldPad(Pass):
    """Let layers do the padding that a Pad of rows and columns does in front of them.

    ``Pad(p) -> Conv(padding q)`` becomes ``Conv(padding p + q)``: both pad with real 0. So do
    AveragePools that count what is padded. A MaxPool pads with nothing at all, which is the same
    where the input is never negative and every window holds an element of it. Pools take less
    padding than their kernel.
    """

    name: ClassVar[str] = "fold-pad"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph with fewer Pads."""

        def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
            while isinstance(op, Conv | AveragePool | MaxPool):
                pad = builder.op(inputs[0])
                source = builder.inputs(inputs[0])
                if not isinstance(pad, Pad) or pad.before[2] or pad.after[2]:
                    break
                padded = _padded(builder, op, source[0], (*pad.before[:2], *pad.after[:2]))
                if padded is None:
                    break
                op, inputs = padded, source
            return builder.add(name, op, inputs, graph.origin(name))

        return rebuild(graph, visit)


def _padded(
    builder: GraphBuilder, op: Conv | AveragePool | MaxPool, source: str, more: tuple[int, ...]
) -> Conv | AveragePool | MaxPool | None:
    """Return the op with more padding; None where that is not the same."""
    top, left, bottom, right = (a + b for a, b in zip(op.padding, more, strict=True))
    padding = (top, left, bottom, right)
    if isinstance(op, Conv):
        return replace(op, padding=padding)
    if any(pad >= op.kernel[side % 2] for side, pad in enumerate(padding)):
        # ONNX knows no pools whose padding holds a whole window.
        return None
    if isinstance(op, AveragePool):
        if any(op.padding) and not op.count_include_pad:
            return None
        return replace(op, padding=padding, count_include_pad=True)
    shape = builder.shape(source)
    touching = all(_touching(op, axis, shape[axis], padding) for axis in range(2))
    return replace(op, padding=padding) if touching and _never_negative(builder, source) else None


def _touching(op: MaxPool, axis: int, size: int, padding: Padding) -> bool:
    """Whether every window holds a row (axis 0) or column of the frame itself."""
    stride, dilation = op.stride[axis], op.dilation[axis]
    extent = dilation * (op.kernel[axis] - 1) + 1
    starts = range(-padding[axis], size + padding[axis + 2] - extent + 1, stride)
    return all(
        any(0 <= place < size for place in range(start, start + extent, dilation))
        for start in starts
    )


def _never_negative(builder: GraphBuilder, name: str) -> bool:
    while isinstance(builder.op(name), MaxPool | Slice | Pad | Reshape | Transpose):
        (name,) = builder.inputs(name)
    op = builder.op(name)
    if isinstance(op, Clip):
        return op.low is not None and op.low >= 0 and (op.high is None or op.high >= 0)
    if isinstance(op, Quantize):
        return max(op.zero_point) <= op.low
    return isinstance(op, Relu)
