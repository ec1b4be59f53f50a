"""Resources of the threshold unit."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import base_family, counter, rom
from .params import ThresholdParams
from .schedule import latency, levels


def cost(params: ThresholdParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    rows = 1 if params.entries == 1 else params.words
    # A comparison with a few constants shares LUTs with their table, except in ECP5 carry cells.
    compare = 0.5 if rows == 1 and base_family(family) != "ecp5" else 1.0
    lane = Resources()
    for level in range(levels(params)):
        lane += rom(rows << level, params.threshold_bits, family, late=True)
        lane += Resources(lut=params.beat.bits * compare, ff=params.beat.bits + level)
    if params.affine:
        lane += Resources(ff=levels(params), lut=levels(params) / 2)
    else:
        lane += rom(rows << levels(params), params.out.bits, family, late=True)
    return lane.scaled(params.beat.lanes) + counter(rows) + Resources(ff=latency(params), lut=4)
