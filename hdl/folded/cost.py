"""Resources of the folded engine."""

from __future__ import annotations

from ...runtime.numerics import clog2
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
    return Resources(lut=bits * max(0.5, 2 ** (clog2(max(2, places)) - inputs)), ff=2 * bits)


def filter_lanes(params: FoldedParams, family: str) -> Resources:
    """Return the cost of one filter's products, adder tree and accumulator."""
    limit = params.out.bits
    xilinx = base_family(family) == "xc7"
    if params.multiplier == "ternary":
        width = params.window.beat.bits + (not params.window.beat.signed)
        # Sign and skip of both operands do not fit the adder's LUTs.
        lane = Resources(lut=0.0 if params.simd == 1 else width * (0.5 if xilinx else 1.0))
    else:
        plan = product_of(params)
        width = min(limit, plan.a_bits + plan.b_bits)
        lane = multiply(plan, width, family, constant=False)
        if params.multiplier == "lut":
            lane = Resources(lut=lane.lut * (0.8 if xilinx else 1.1), ff=lane.ff * 1.2)
    total = lane.scaled(params.simd)
    terms = params.simd
    # A DSP48 holds the adder and the register behind its product, and those before it.
    inside = xilinx and params.multiplier == "dsp"
    if inside:
        total += Resources(ff=-params.simd * params.weight_bits)
    while terms > 1:
        width = min(limit, width + 1)
        if not inside:
            total += Resources(lut=terms // 2 * width, ff=-(-terms // 2) * width)
        inside = False
        terms = -(-terms // 2)
    if inside:
        return total
    return total + Resources(lut=limit * (1.1 if xilinx else 1.5), ff=limit)


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
