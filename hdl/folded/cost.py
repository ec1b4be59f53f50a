"""Resources of the folded engine."""

from __future__ import annotations

from ..burst_cost import burst_cost
from ..cost import Resources
from ..estimate import counter, delay, dot_product, held_before, stored_words
from ..packed_cost import packed_sums_cost
from ..window.cost import cost as window_cost
from .params import FoldedParams


def cost(params: FoldedParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    places = params.window.groups * params.window.steps
    total = window_cost(params.window, family)
    sparse = params.multiplier == "ternary"
    stored = stored_words(places, params.word_bits, params.weight_style, family, sparse=sparse)
    total += stored
    if params.packing is None:
        total += dot_product(params.dot, family).scaled(params.pe)
    else:
        operands = params.pe // params.packing.count
        total += packed_sums_cost(params.dot, params.packing, family).scaled(operands)
    if params.multiplier in ("dsp", "packed"):
        total += held_before(params.word_bits, stored.ff, family)
    total += counter(places) + delay(2, params.dot.stages + 1, family)
    total += burst_cost(params.out.width, params.burst, family)
    if params.multiplier == "ternary":
        total += counter(params.window.groups) + Resources(lut=6.0 * params.pe)
    return total
