"""Resources of the lookup unit."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import counter, rom
from .params import LookupParams
from .schedule import LATENCY


def cost(params: LookupParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO; two lanes share the ports of a shared row."""
    rows = 1 if params.entries == 1 else params.words
    table = rom(rows << params.beat.bits, params.out.bits, family)
    lanes = params.beat.lanes
    tables = -(-lanes // 2) if params.entries == 1 and table.bram else lanes
    return (
        table.scaled(tables)
        + Resources(ff=params.beat.width)
        + counter(rows)
        + Resources(ff=LATENCY, lut=4)
    )
