"""Costs of the parts that the small engines are made of: adders, tables, multipliers, delays.

Fitted to what Yosys makes of the circuits for xc7, ecp5 and ice40; ``xcup`` counts like xc7 and
other families like ecp5, whose cells they resemble.
"""

from __future__ import annotations

from .arithmetic import Product, table_style
from .cost import Resources

_GEOMETRIES = {
    "xc7": (0.5, ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))),
    "ecp5": (1.0, ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))),
    "ice40": (1.0, ((256, 16), (512, 8), (1024, 4), (2048, 2))),
}
"""Per family: what one block counts, and its (places, bits) shapes."""

_OPERANDS = {"xc7": (25, 18), "ecp5": (18, 18), "ice40": (16, 16)}
"""Signed operands of a multiplier block."""


def base_family(family: str) -> str:
    """Return the family whose figures hold for ``family``."""
    if family == "xcup":
        return "xc7"
    return family if family in _GEOMETRIES else "ecp5"


def blocks(places: int, bits: int, family: str) -> float:
    """Return the block RAMs of a memory in the family's unit."""
    unit, shapes = _GEOMETRIES[base_family(family)]
    return min(unit * -(-places // depth) * -(-bits // width) for depth, width in shapes)


def rom(places: int, bits: int, family: str) -> Resources:
    """Return the cost of a table with a registered output; one place is a constant."""
    if places == 1:
        return Resources()
    if table_style(places, bits) == "block":
        return Resources(bram=blocks(places, bits, family), ff=bits)
    inputs = 6 if base_family(family) == "xc7" else 4
    return Resources(lut=bits * max(1, places / 2**inputs), ff=bits)


def delay(bits: int, cycles: int, family: str) -> Resources:
    """Return the cost of ``cycles`` registers in a row (on Xilinx a shift register from 3 on)."""
    if base_family(family) == "xc7" and cycles >= 3:
        return Resources(lut=bits, ff=bits)
    return Resources(ff=bits * cycles)


def multiply(product: Product, width: int, family: str) -> Resources:
    """Return the cost of one multiplication whose result is kept to ``width`` bits."""
    if product.trivial:
        return Resources()
    if product.style == "dsp":
        wide, narrow = _OPERANDS[base_family(family)]
        signed = product.a_bits + (not product.a_signed)
        a_parts = max(1, -(-(signed - 1) // (wide - 1)))
        b_parts = -(-(min(18, product.b_bits + 1) - 1) // (narrow - 1))
        adders = (product.chunks - 1) + product.chunks * (a_parts * b_parts - 1)
        return Resources(
            dsp=product.chunks * a_parts * b_parts,
            lut=adders * width * 0.8,
            ff=width * (2 * product.chunks - 1),
        )
    row = product.a_bits + 2
    adders = 2 * product.rows - 1
    return Resources(lut=adders * min(width, row + 2), ff=width * product.rows * 0.6)


def counter(places: int) -> Resources:
    """Return the cost of a counter of ``places`` states and of its comparison."""
    bits = (places - 1).bit_length()
    return Resources(lut=1.7 * bits, ff=bits)


def rounding(total_bits: int, shift: int, ties: bool, out_bits: int) -> Resources:
    """Return the cost of shift, ties and clamp of one lane."""
    quotient = max(1, total_bits - shift)
    lut = out_bits + max(0, quotient - out_bits) / 2 + (shift / 5 + 1 if ties else 0)
    return Resources(lut=lut, ff=out_bits + 2 + (quotient if ties else 0))
