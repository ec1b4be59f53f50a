"""How many bits the numbers of a graph take."""

from __future__ import annotations

from math import prod

import numpy as np

from ...runtime.numerics import bits_for
from ..ir import ops as ir
from ..ir.graph import Graph

Layer = ir.Conv | ir.Dense

#: Ops that leave codes on their grid.
_KEEP = (ir.MaxPool, ir.Reshape, ir.Transpose, ir.Relu, ir.Clip, ir.Slice, ir.Pad)


def code_bits(graph: Graph, name: str) -> int | None:
    """Return the width of a tensor's codes; None where it is not quantized."""
    op = graph.op(name)
    while isinstance(op, _KEEP):
        (name,) = graph.inputs(name)
        op = graph.op(name)
    if isinstance(op, ir.Quantize):
        return bits_for(op.low, op.high)
    if isinstance(op, ir.Concat):
        widths = [code_bits(graph, source) for source in graph.inputs(name)]
        known = [bits for bits in widths if bits is not None]
        return max(known) if len(known) == len(widths) else None
    return bits_for(0, op.steps) if isinstance(op, ir.MultiThreshold) else None


def weight_bits(op: Layer) -> int | None:
    """Return the width of integer weights (2 if ternary); None where they are float."""
    if op.weight_scale is None:
        return None
    if is_ternary(op):
        return 2
    return bits_for(min(-1, int(op.weight.min())), int(op.weight.max()))


def is_ternary(op: Layer) -> bool:
    """Whether all weights are -1, 0 or +1, by their values."""
    return op.weight_scale is not None and bool((np.abs(op.weight) <= 1).all())


def macs(graph: Graph, name: str) -> int:
    """Return the multiply-accumulates of one frame."""
    op = graph.op(name)
    if not isinstance(op, Layer):
        return 0
    return prod(graph.shape(name)) * (op.weight.size // len(op.weight))
