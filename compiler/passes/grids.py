"""Which tensors lie on a quantizer's grid already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ..ir.graph import GraphBuilder
from ..ir.ops.affine import Affine
from ..ir.ops.base import Op, Shape
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.clip import Clip
from ..ir.ops.concat import Concat
from ..ir.ops.maxpool import MaxPool
from ..ir.ops.pad import Pad
from ..ir.ops.quantize import Quantize
from ..ir.ops.relu import Relu
from ..ir.ops.reshape import Reshape
from ..ir.ops.slice import Slice
from ..ir.ops.transpose import Transpose


def grid_of(builder: GraphBuilder, name: str) -> Quantize | None:
    """Return the quantizer on whose grid every value of a node lies; None if there is none.

    MaxPool, Reshape, Transpose and Slice only choose among values, and Pad adds zeros, which must
    lie on the grid. A Concat keeps a grid that all its inputs have, in the range of all. A grid
    per channel ends where the channels move.
    """
    moved = padded = False
    while isinstance(op := builder.op(name), MaxPool | Reshape | Transpose | Slice | Pad):
        padded = padded or isinstance(op, Pad)
        (name,) = builder.inputs(name)
        moved = moved or not keeps_channels(op, builder.shape(name))
    if isinstance(op, Concat):
        grids = [grid_of(builder, source) for source in builder.inputs(name)]
        op = common_grid(grids) or op
    if (
        not isinstance(op, Quantize)
        or (moved and op.per_channel)
        or (padded and not keeps_zero(op))
    ):
        return None
    return op


def common_grid(grids: Sequence[Quantize | None]) -> Quantize | None:
    """Return one grid per tensor that holds the codes of all; None where they differ."""
    found = [grid for grid in grids if grid is not None]
    kinds = {(grid.scale, grid.zero_point, grid.rounding, grid.zero_first) for grid in found}
    if len(found) < len(grids) or len(kinds) > 1 or found[0].per_channel:
        return None
    low, high = min(grid.low for grid in found), max(grid.high for grid in found)
    return replace(found[0], low=low, high=high)


def keeps_channels(op: Op, shape: Shape) -> bool:
    """Whether every channel of an input of ``shape`` stays, in its place."""
    if isinstance(op, Slice):
        return op.size[-1] == shape[-1]
    if isinstance(op, Pad):
        return op.before[-1] == op.after[-1] == 0
    return isinstance(op, MaxPool)


def keeps_zero(op: Op) -> bool:
    """Whether an elementwise op makes exactly 0 of 0."""
    if isinstance(op, Quantize):
        # 0 is the code zero_point; a fraction, or a code out of range, is not on the grid.
        whole = (Fraction(zero).denominator == 1 for zero in op.zero_point)
        return all(whole) and op.low <= min(op.zero_point) and max(op.zero_point) <= op.high
    if isinstance(op, Clip):
        return (op.low is None or op.low <= 0) and (op.high is None or op.high >= 0)
    if isinstance(op, Affine | BatchNorm):
        return not any(op.shift)
    return isinstance(op, Relu)
