"""Which tensors lie on a quantizer's grid already."""

from __future__ import annotations

from ..ir.graph import GraphBuilder
from ..ir.ops.maxpool import MaxPool
from ..ir.ops.quantize import Quantize
from ..ir.ops.reshape import Reshape
from ..ir.ops.transpose import Transpose


def grid_of(builder: GraphBuilder, name: str) -> Quantize | None:
    """Return the quantizer on whose grid every value of a node lies; None if there is none.

    MaxPool, Reshape and Transpose only choose among values. A grid per channel ends where the
    channels move.
    """
    moved = False
    while isinstance(builder.op(name), MaxPool | Reshape | Transpose):
        moved = moved or not isinstance(builder.op(name), MaxPool)
        (name,) = builder.inputs(name)
    op = builder.op(name)
    if isinstance(op, Quantize) and not (moved and op.per_channel):
        return op
    return None
