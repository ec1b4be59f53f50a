"""Resources of the threshold unit."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import counter, rom
from .params import ThresholdParams
from .schedule import latency, levels


def cost(params: ThresholdParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    rows = 1 if params.entries == 1 else params.words
    lane = Resources()
    for level in range(levels(params)):
        lane += rom(rows << level, params.threshold_bits, family)
        lane += Resources(lut=params.beat.bits, ff=params.beat.bits + level)
    if params.affine:
        lane += Resources(ff=levels(params), lut=levels(params) / 2)
    else:
        lane += rom(rows << levels(params), params.out.bits, family)
    return lane.scaled(params.beat.lanes) + counter(rows) + Resources(ff=latency(params), lut=4)
