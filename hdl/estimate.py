"""Costs of the parts that the small engines are made of: adders, tables, multipliers, delays.

Look-up tables and flip-flops are fitted to what Yosys makes of the circuits for xc7, ecp5 and
ice40; other families count like the one that they resemble (``base_family``). Block RAMs and
multipliers are each family's own, from the vendors' documents.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..runtime.numerics import clog2
from .arithmetic import Product, table_style
from .cost import Resources
from .dot import DotProduct

_BLOCK_36 = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))

_GEOMETRIES = {
    "xc7": (0.5, _BLOCK_36),  # halves of RAMB36, also of UltraScale+
    "xcup": (0.5, _BLOCK_36),
    "ecp5": (1.0, _BLOCK_36),  # DP16KD
    "gowin": (1.0, _BLOCK_36),  # BSRAM of 18 Kbit, SUG283
    "ice40": (1.0, ((256, 16), (512, 8), (1024, 4), (2048, 2))),
    "max10": (1.0, ((256, 36), (512, 18), (1024, 9), (2048, 4), (4096, 2), (8192, 1))),  # M9K
    "cyclonev": (1.0, ((256, 40), (512, 20), (1024, 10), (2048, 5), (4096, 2), (8192, 1))),  # M10K
    "arria10": (1.0, ((512, 40), (1024, 20), (2048, 10), (4096, 5), (8192, 2), (16384, 1))),  # M20K
}
"""Per family: what one block counts, and its (places, bits) shapes."""

_OPERANDS = {
    "xc7": (24, 24),
    "xcup": (24, 24),
    "ecp5": (17, 18),
    "gowin": (17, 17),
    "ice40": (15, 16),
    "max10": (17, 17),
    "cyclonev": (26, 26),
    "arria10": (26, 26),
}
"""Bits, without sign, of the operands of a multiplier block: of a, and of a chunk of b."""

_RESEMBLES = {
    "xcup": "xc7",
    "gowin": "ecp5",
    "cyclonev": "ecp5",
    "arria10": "ecp5",
    "max10": "ice40",
}
"""Families without a fit of their own. MAX 10 has logic elements like iCE40: four inputs, no wide
multiplexers, no LUT RAM; an ALM of Intel's others holds two tables of four inputs or more."""

_BLOCK_ADDER = {"xc7": 0.0, "ecp5": 0.5, "ice40": 0.3}
"""LUTs per bit of an adder between blocks; a DSP48 has its own."""

LUT_PRODUCT = 1.9
"""LUTs per bit of both operands of a product that is spelled out."""


def base_family(family: str) -> str:
    """Return the family whose fit of look-up tables and flip-flops holds for ``family``."""
    return _RESEMBLES.get(family, family)


def lut_ram_places(family: str) -> int:
    """Return up to which depth Yosys takes LUT RAM for a memory that it may choose for; 0: never.

    Of Intel's, Yosys makes wide ones M10K even where LUTs are asked for, so none are counted.
    """
    return {"xc7": 64, "xcup": 64, "ecp5": 32, "gowin": 32}.get(family, 0)


def blocks(places: int, bits: int, family: str) -> float:
    """Return the block RAMs of a memory in the family's unit."""
    unit, shapes = _GEOMETRIES[family]
    return min(unit * -(-places // depth) * -(-bits // width) for depth, width in shapes)


def rom(places: int, bits: int, family: str, *, late: bool = False) -> Resources:
    """Return the cost of a table with a registered output; one place is a constant.

    A ``late`` address comes out of other logic: Yosys then builds wider trees to make up for it.
    """
    if places == 1:
        return Resources()
    if table_style(places, bits) == "block":
        return Resources(bram=blocks(places, bits, family), ff=bits)
    base = base_family(family)
    if base == "xc7":
        each = places / 64 if places > 64 or late else 1.0
    else:
        each = places / 16
        if base == "ice40" or late:
            # No multiplexers beside the LUTs, or none that are used.
            each = max(each, 2 * each - 1)
    return Resources(lut=bits * each * (1.2 if late else 1.0), ff=bits)


def delay(bits: int, cycles: int, family: str) -> Resources:
    """Return the cost of ``cycles`` registers in a row (on Xilinx a shift register from 3 on)."""
    if base_family(family) == "xc7" and cycles >= 3:
        return Resources(lut=bits, ff=bits)
    return Resources(ff=bits * cycles)


def multiply(product: Product, width: int, family: str, *, constant: bool) -> Resources:
    """Return the cost of one multiplication whose result is kept to ``width`` bits.

    ``constant``: b is wired and not read from a table.
    """
    if product.trivial:
        return Resources()
    base = base_family(family)
    if product.style == "lut":
        each = 0.4 if constant else LUT_PRODUCT
        return Resources(lut=product.a_bits * product.b_bits * each, ff=width * product.rows * 0.5)
    limit_a, limit_b = _OPERANDS[family]
    a_parts = max(1, -(-(product.a_bits - product.a_signed) // limit_a))
    digits = max(1, product.b_bits - product.b_signed)
    chunks = [min(product.chunk, digits - low) for low in range(0, digits, product.chunk)]
    parts = sum(a_parts * -(-chunk // limit_b) for chunk in chunks)
    registers = 0.0 if base == "xc7" else width * (2 * len(chunks) - 1)
    return Resources(dsp=parts, lut=(parts - 1) * width * _BLOCK_ADDER[base], ff=registers)


def accumulate(width: int, products: Sequence[Product], family: str) -> Resources:
    """Return the cost of a registered adder of ``width`` bits behind ``products``.

    A DSP48 that multiplies has room for it.
    """
    inside = any(not product.trivial and product.style == "dsp" for product in products)
    if inside and base_family(family) == "xc7":
        return Resources()
    return Resources(lut=width, ff=width)


def stored_words(places: int, bits: int, style: str, family: str) -> Resources:
    """Return the cost of a memory of weights, ``block`` or of LUTs, and of the register behind."""
    if style == "block":
        return Resources(bram=blocks(max(2, places), bits, family), ff=bits)
    inputs = 6 if base_family(family) == "xc7" else 4
    return Resources(lut=bits * max(0.5, 2 ** (clog2(max(2, places)) - inputs)), ff=2 * bits)


def dot_product(plan: DotProduct, family: str) -> Resources:
    """Return the cost of a filter's products, adder tree and accumulator."""
    limit = plan.sum_bits
    xilinx = base_family(family) == "xc7"
    if plan.multiplier == "ternary":
        width = plan.bits + (not plan.signed)
        # Sign and skip of both operands do not fit the adder's LUTs.
        lane = Resources(lut=0.0 if plan.terms == 1 else width * (0.5 if xilinx else 1.0))
    else:
        width = min(limit, plan.product.a_bits + plan.product.b_bits)
        lane = multiply(plan.product, width, family, constant=False)
        if plan.multiplier == "lut":
            lane = Resources(lut=lane.lut * (0.8 if xilinx else 1.1), ff=lane.ff * 1.2)
    total = lane.scaled(plan.terms)
    terms = plan.terms
    # A DSP48 holds the adder and the register behind its product, and those before it.
    inside = xilinx and plan.multiplier == "dsp"
    if inside:
        total += Resources(ff=-plan.terms * plan.weight_bits)
    while terms > 1:
        width = min(limit, width + 1)
        if not inside:
            total += Resources(lut=terms // 2 * width, ff=-(-terms // 2) * width)
        inside = False
        terms = -(-terms // 2)
    if inside:
        return total
    return total + Resources(lut=limit * (1.1 if xilinx else 1.5), ff=limit)


def counter(places: int) -> Resources:
    """Return the cost of a counter of ``places`` states and of its comparison."""
    bits = (places - 1).bit_length()
    return Resources(lut=1.7 * bits, ff=bits)


def rounding(total_bits: int, shift: int, ties: bool, out_bits: int) -> Resources:
    """Return the cost of shift, ties and clamp of one lane."""
    quotient = max(1, total_bits - shift)
    lut = out_bits + max(0, quotient - out_bits) / 2 + (shift / 5 + 1 if ties else 0)
    return Resources(lut=lut, ff=out_bits + 2 + (quotient if ties else 0))
