"""The cost of dot products whose weights are packed (``hdl/packed.py``)."""

from __future__ import annotations

from .cost import Resources
from .dot import DotProduct
from .estimate import base_family
from .multipliers import products_of
from .packing import Packing


def packed_sums_cost(plan: DotProduct, packing: Packing, family: str) -> Resources:
    """Return the cost of products, adder trees and accumulators of the filters of one operand.

    ``held_before`` says what of the registers before the products is no cost of its own.

    Parameters
    ----------
    plan : DotProduct
        Of one filter.
    packing : Packing
    family : str
    """
    terms, count, limit = plan.terms, packing.count, plan.sum_bits
    width = packing.operand_bits + plan.bits
    blocks = products_of(packing.operand_bits, True, plan.bits, plan.signed, width, family).blocks
    xilinx = base_family(family) == "xc7"
    total = Resources(dsp=blocks * terms)
    if not xilinx:
        # A DSP48 holds the register behind its product, and the first adder.
        total += Resources(ff=terms * width)
    if packing.overlap:
        # The lowest bits of the upper products, what becomes of them, and in front of a DSP48 two
        # bits of an operand that are needed outside.
        registers = (1 + packing.summed) / 2 + (2 if xilinx else 0)
        total += Resources(lut=2 * terms, ff=terms * registers)
    if packing.summed == 2 and terms > 1:
        pairs, terms = terms // 2, -(-terms // 2)
        if not xilinx:
            total += Resources(lut=pairs * (width + 1), ff=terms * (width + 1))
    each = min(limit, plan.bits + plan.weight_bits + packing.summed - 1)
    while terms > 1:
        pairs, terms = terms // 2, -(-terms // 2)
        each = min(limit, each + 1)
        # Carries: one place of the adders of all filters but the lowest.
        bits = count * each + count - 1
        total += Resources(lut=pairs * bits, ff=terms * bits)
    return total + Resources(lut=limit * count * (1.1 if xilinx else 1.5), ff=limit * count)
