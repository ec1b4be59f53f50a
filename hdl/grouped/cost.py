"""Resources of the grouped engine."""

from __future__ import annotations

from ..burst_cost import burst_cost
from ..cost import Resources
from ..estimate import counter, delay, dot_product, held_before, stored_words
from ..window.cost import cost as window_cost
from .params import GroupedParams


def cost(params: GroupedParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    places = params.window.groups * params.window.steps
    bits = params.pe * params.simd * params.weight_bits
    total = window_cost(params.window, family)
    sparse = params.multiplier == "ternary"
    stored = stored_words(places, bits, params.weight_style, family, sparse=sparse)
    total += stored
    total += dot_product(params.dot, family).scaled(params.pe)
    if params.multiplier == "dsp":
        total += held_before(bits, stored.ff, family)
    total += counter(places) + delay(2, params.dot.stages + 1, family)
    total += burst_cost(params.out.width, params.burst, family)
    if params.multiplier == "ternary":
        total += counter(params.window.groups) + Resources(lut=6.0 * params.pe)
    return total
