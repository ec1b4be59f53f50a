"""Resources of the requantizer."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import accumulate, counter, delay, multiply, rom, rounding
from .params import RequantizeParams
from .schedule import latency, product


def cost(params: RequantizeParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    plan = product(params)
    places = 1 if params.entries == 1 else params.words
    width = params.product_bits
    constant = places == 1
    scaled = multiply(plan, width, family, constant=constant)
    # A DSP48 adds what is wired to it; behind two of them an offset from a table is added beside.
    beside = scaled.dsp > 1 and not constant
    lane = (
        delay(params.beat.bits, 1, family)
        + rom(places, 0 if plan.trivial else params.multiplier_bits, family)
        + rom(places, params.offset_bits, family)
        + scaled
        + (Resources(lut=width, ff=width) if beside else accumulate(width, [plan], family))
        + rounding(width, params.shift, params.ties, params.out.bits)
    )
    return lane.scaled(params.beat.lanes) + counter(places) + Resources(ff=latency(params), lut=4)
