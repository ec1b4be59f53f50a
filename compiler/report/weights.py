"""The weights of a design: how many, how wide, and the bits they take in several encodings."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from ...hdl.add.params import AddParams
from ...hdl.engines import Params
from ...hdl.folded.params import FoldedParams
from ...hdl.lookup.params import LookupParams
from ...hdl.requantize.params import RequantizeParams
from ...hdl.skipping.params import SkippingParams
from ...hdl.threshold.params import ThresholdParams
from ...hdl.unrolled.params import UnrolledParams
from ...runtime.numerics import clog2
from ...runtime.ops.base import IntArray
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.program import Node
from ..mapping.design import Design

_WEIGHTED = FoldedParams | SkippingParams | UnrolledParams


@dataclass(frozen=True)
class Bits:
    """Bits of all Conv and Dense weights.

    Attributes
    ----------
    dense : int
        Number × width (2 if ternary).
    nonzero : int
        Number of those that are not zero × width.
    indexed : int
        Non-zeros × (width + bits of an index within the filter).
    deflate : int
        All weights, one after the other in the narrowest integer type, compressed with DEFLATE.
    other : int
        Multipliers, offsets, thresholds and tables of the other ops.
    float32 : int
        32 × the weights of the original network.
    """

    dense: int
    nonzero: int
    indexed: int
    deflate: int
    other: int
    float32: int


def weights_of(node: Node) -> IntArray | None:
    """Return the weights of a node, or None."""
    return node.op.weights if isinstance(node.op, Conv | Dense) else None


def count_bits(design: Design) -> Bits:
    """Count the bits of a design's parameters."""
    dense = nonzero = indexed = other = 0
    stored = bytearray()
    nodes = {node.name: node for node in design.program.nodes}
    for unit in design.units:
        other += _other_bits(unit.params)
        weights = None if unit.node is None else weights_of(nodes[unit.node])
        if weights is None or not isinstance(unit.params, _WEIGHTED):
            continue
        width = unit.params.weight_bits
        index = clog2(weights.size // len(weights))
        used = int(np.count_nonzero(weights))
        dense += weights.size * width
        nonzero += used * width
        indexed += used * (width + index)
        stored += weights.astype(np.int8 if width <= 8 else np.int64).tobytes()
    deflate = 8 * len(zlib.compress(bytes(stored), 9, wbits=-15)) if stored else 0
    return Bits(dense, nonzero, indexed, deflate, other, 32 * design.program.original_weights)


def _other_bits(params: Params) -> int:
    """Return the bits of tables beside weights."""
    match params:
        case RequantizeParams():
            return params.entries * (params.multiplier_bits + params.offset_bits)
        case AddParams():
            return params.entries * (sum(params.multiplier_bits) + params.offset_bits)
        case ThresholdParams():
            values = 0 if params.affine else (params.steps + 1) * params.out.bits
            return params.entries * (params.steps * params.threshold_bits + values)
        case LookupParams():
            return params.entries * params.size * params.out.bits
        case _:
            return 0
