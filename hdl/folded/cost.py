"""Resources of the folded engine."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import base_family, blocks, counter, delay, multiply
from ..window.cost import cost as window_cost
from .params import FoldedParams
from .schedule import product_of, sum_stages


def weight_memory(params: FoldedParams, family: str) -> Resources:
    """Return the cost of the weights' memory and of the register behind it."""
    places = params.window.groups * params.window.steps
    bits = params.pe * params.simd * params.weight_bits
    if params.weight_style == "block":
        return Resources(bram=blocks(max(2, places), bits, family), ff=bits)
    inputs = 6 if base_family(family) == "xc7" else 4
    # Few places: Yosys finds what the bits have in common.
    return Resources(lut=0.8 * bits * max(0.5, places / 2**inputs), ff=2 * bits)


def filter_lanes(params: FoldedParams, family: str) -> Resources:
    """Return the cost of one filter's products, adder tree and accumulator."""
    limit = params.out.bits
    if params.multiplier == "ternary":
        width = params.window.beat.bits + (not params.window.beat.signed)
        # Sign and skip of both operands do not fit the adder's LUTs.
        lane = Resources(lut=0.0 if params.simd == 1 else 1.0 * width)
    else:
        plan = product_of(params)
        width = min(limit, plan.a_bits + plan.b_bits)
        lane = multiply(plan, width, family, constant=False)
    total = lane.scaled(params.simd)
    terms = params.simd
    while terms > 1:
        width = min(limit, width + 1)
        total += Resources(lut=terms // 2 * width, ff=-(-terms // 2) * width)
        terms = -(-terms // 2)
    return total + Resources(lut=1.5 * limit, ff=limit)


def cost(params: FoldedParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    places = params.window.groups * params.window.steps
    total = window_cost(params.window, family) + weight_memory(params, family)
    total += filter_lanes(params, family).scaled(params.pe)
    total += counter(places) + delay(2, sum_stages(params) + 1, family)
    if params.burst > 1:
        held = params.pe * params.out.bits
        total += Resources(lut=held + 5, ff=held + 3)
    if params.multiplier == "ternary":
        total += counter(params.window.groups) + Resources(lut=6.0 * params.pe)
    return total
