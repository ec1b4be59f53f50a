"""The weights of a design: how many, how wide, and the bits they take in several encodings."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ...hdl.add.params import AddParams
from ...hdl.engines import Params
from ...hdl.folded.params import FoldedParams
from ...hdl.grouped.params import GroupedParams
from ...hdl.lookup.params import LookupParams
from ...hdl.requantize.params import RequantizeParams
from ...hdl.skipping.params import SkippingParams
from ...hdl.threshold.params import ThresholdParams
from ...hdl.unrolled.params import UnrolledParams
from ...runtime.ops.base import IntArray
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.program import Node
from ..mapping.design import Design
from .encodings import Encoded, encode

_WEIGHTED = FoldedParams | GroupedParams | SkippingParams | UnrolledParams


@dataclass(frozen=True)
class Bits(Encoded):
    """Bits of all parameters: of Conv and Dense weights as in ``Encoded``, and

    Attributes
    ----------
    other : int
        Multipliers, offsets, thresholds and tables of the other ops.
    float32 : int
        32 × the weights of the original network.
    """

    other: int
    float32: int


def weights_of(node: Node) -> IntArray | None:
    """Return the weights of a node, or None."""
    return node.op.weights if isinstance(node.op, Conv | Dense) else None


def count_bits(design: Design) -> Bits:
    """Count the bits of a design's parameters."""
    other = 0
    layers: list[tuple[IntArray, int]] = []
    nodes = {node.name: node for node in design.program.nodes}
    for unit in design.units:
        other += _other_bits(unit.params)
        weights = None if unit.node is None else weights_of(nodes[unit.node])
        if weights is not None and isinstance(unit.params, _WEIGHTED):
            layers.append((weights, unit.params.weight_bits))
    bits = encode(layers)
    return Bits(**asdict(bits), other=other, float32=32 * design.program.original_weights)


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
