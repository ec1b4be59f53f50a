"""Resources of global pooling."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import base_family, counter
from .params import GlobalPoolParams
from .schedule import LATENCY


def cost(params: GlobalPoolParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO.

    Accumulators lie in LUT RAM (32 × 6 bits in four LUTs on Xilinx, 16 × 4 in four on ECP5);
    a single word, and every word on ice40, which has none, lies in registers.
    """
    bits = params.out.bits * params.out.lanes
    words = params.words
    per_bit = 1.0 if params.kind == "sum" and base_family(family) == "xc7" else 1.7
    arithmetic = Resources(lut=per_bit * bits, ff=params.beat.width + bits)
    if words == 1:
        memory = Resources(ff=bits)
    elif base_family(family) == "ice40":
        memory = Resources(lut=bits * words * 0.7, ff=bits * words)
    elif base_family(family) == "xc7":
        memory = Resources(lut=bits * max(4 / 6, words / 48))
    else:
        memory = Resources(lut=bits * -(-words // 16) * 1.5)
    control = counter(words) + counter(params.pixels) + Resources(lut=5, ff=LATENCY + 4)
    return arithmetic + memory + control
