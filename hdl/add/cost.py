"""Resources of the requantizing adder."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import accumulate, counter, delay, multiply, rom, rounding
from .params import AddParams
from .schedule import latency, products


def cost(params: AddParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    places = 1 if params.entries == 1 else params.words
    width = params.product_bits
    constant = places == 1
    both = accumulate(width, products(params), family)
    lane = (
        rom(places, params.offset_bits, family)
        + both
        # A DSP48 adds what is wired to it; an offset from a table is added beside it.
        + (both if constant else Resources(lut=width, ff=width))
        + rounding(width, params.shift, params.ties, params.out.bits)
    )
    slowest = max(plan.stages for plan in products(params))
    for plan in products(params):
        lane += delay(plan.a_bits, 1 + (slowest if plan.trivial else 0), family)
        lane += rom(places, 0 if plan.trivial else plan.b_bits, family)
        lane += multiply(plan, width, family, constant=constant)
    return lane.scaled(params.out.lanes) + counter(places) + Resources(ff=latency(params), lut=4)
