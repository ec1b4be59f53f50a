"""Costs of the parts that the small engines are made of: adders, tables, multipliers, delays.

Fitted to what Yosys makes of the circuits for xc7, ecp5 and ice40; ``xcup`` counts like xc7 and
other families like ecp5, whose cells they resemble.
"""

from __future__ import annotations

from collections.abc import Sequence

from .arithmetic import Product, table_style
from .cost import Resources

_GEOMETRIES = {
    "xc7": (0.5, ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))),
    "ecp5": (1.0, ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))),
    "ice40": (1.0, ((256, 16), (512, 8), (1024, 4), (2048, 2))),
}
"""Per family: what one block counts, and its (places, bits) shapes."""

_OPERANDS = {"xc7": (24, 24), "ecp5": (17, 18), "ice40": (15, 16)}
"""Bits, without sign, of the operands of a multiplier block: of a, and of a chunk of b."""

_BLOCK_ADDER = {"xc7": 0.0, "ecp5": 0.5, "ice40": 0.3}
"""LUTs per bit of an adder between blocks; a DSP48 has its own."""

LUT_PRODUCT = 1.9
"""LUTs per bit of both operands of a product that is spelled out."""


def base_family(family: str) -> str:
    """Return the family whose figures hold for ``family``."""
    if family == "xcup":
        return "xc7"
    return family if family in _GEOMETRIES else "ecp5"


def blocks(places: int, bits: int, family: str) -> float:
    """Return the block RAMs of a memory in the family's unit."""
    unit, shapes = _GEOMETRIES[base_family(family)]
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
    limit_a, limit_b = _OPERANDS[base]
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


def counter(places: int) -> Resources:
    """Return the cost of a counter of ``places`` states and of its comparison."""
    bits = (places - 1).bit_length()
    return Resources(lut=1.7 * bits, ff=bits)


def rounding(total_bits: int, shift: int, ties: bool, out_bits: int) -> Resources:
    """Return the cost of shift, ties and clamp of one lane."""
    quotient = max(1, total_bits - shift)
    lut = out_bits + max(0, quotient - out_bits) / 2 + (shift / 5 + 1 if ties else 0)
    return Resources(lut=lut, ff=out_bits + 2 + (quotient if ties else 0))
