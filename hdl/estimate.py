"""Costs of the parts that the small engines are made of: adders, tables, multipliers, delays.

Look-up tables and flip-flops follow what Yosys makes of the circuits for xc7, ecp5 and ice40; other
families count like the one that they resemble (``base_family``), and ``fitted`` then corrects every
engine by family. Block RAMs (``memories``) and multipliers (``multipliers``) are each family's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..runtime.numerics import clog2
from .arithmetic import TOGETHER, Product, table_style
from .cost import Resources
from .dot import DotProduct
from .memories import block_rows, blocks, rom_is_block
from .memory import RomStyle
from .multipliers import products_of

_RESEMBLES = {
    "xcup": "xc7",
    "gowin": "ecp5",
    "cyclonev": "ecp5",
    "arria10": "ecp5",
    "max10": "ice40",
}
"""Families without estimates of their own. MAX 10 has logic elements like iCE40: four inputs, no
wide multiplexers, no LUT RAM; an ALM of Intel's others holds two tables of four inputs or more."""

_BLOCK_ADDER = {"xc7": 0.0, "ecp5": 0.5, "ice40": 0.3}
"""LUTs per bit of an adder between blocks; a DSP48 has its own."""

_WIDEST = {"xc7": (6, 256), "ecp5": (4, 128), "gowin": (4, 256), "cyclonev": (6, 64)}
"""Inputs of a LUT, and the places of one column that LUTs and the multiplexers beside them hold."""

LUT_PRODUCT = 1.9
"""LUTs per bit of both operands of a product that is spelled out."""


def base_family(family: str) -> str:
    """Return the family whose estimates of look-up tables and flip-flops hold for ``family``."""
    return _RESEMBLES.get(family, family)


def rom(places: int, bits: int, family: str, *, late: bool = False) -> Resources:
    """Return the cost of a table with a registered output; one place is a constant.

    A ``late`` address comes out of other logic: of few words Yosys then builds wider trees to make
    up for it.
    """
    if places == 1:
        return Resources()
    if rom_is_block(places, bits, table_style(places, bits), family):
        return Resources(bram=blocks(places, bits, family), ff=bits)
    if places > TOGETHER:
        return Resources(lut=bits * _column(places, bits, family), ff=bits)
    # Few places have few different columns, which are merged, also with their opposites.
    each = places / 64 if late and base_family(family) == "xc7" else 1.0
    columns = min(bits, (1 << (places - 1)) - 1)
    return Resources(lut=columns * each * (1.2 if late else 1.0), ff=bits)


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
    digits = max(1, product.b_bits - product.b_signed)
    starts = range(0, digits, product.chunk)
    pieces = [
        products_of(
            product.a_bits,
            product.a_signed,
            # The topmost chunk has the sign.
            min(product.chunk, digits - low) + (product.b_signed and low == starts[-1]),
            product.b_signed and low == starts[-1],
            width - low,
            family,
        )
        for low in starts
    ]
    parts = sum(len(piece.widths) for piece in pieces) + sum(len(p.spelled) for p in pieces)
    spelled = sum(a * b for piece in pieces for a, b in piece.spelled)
    registers = 0.0 if base == "xc7" else width * (2 * len(pieces) - 1)
    adders = (parts - 1) * width * _BLOCK_ADDER[base]
    return Resources(dsp=sum(piece.blocks for piece in pieces), lut=adders + spelled, ff=registers)


def accumulate(width: int, products: Sequence[Product], family: str) -> Resources:
    """Return the cost of a registered adder of ``width`` bits behind ``products``.

    A DSP48 that multiplies has room for it.
    """
    inside = any(not product.trivial and product.style == "dsp" for product in products)
    if inside and base_family(family) == "xc7":
        return Resources()
    return Resources(lut=width, ff=width)


_SPARSE = 1.65
"""How many times as large Yosys makes deep tables of mostly zeros on Xilinx: its mapping finds the
zeros and gives up the wide multiplexers, 1.5 to 1.85 times from 256 places on (10 to 35 % set)."""

_DEEP = 200
"""Places from which on it does."""


def stored_words(
    places: int, bits: int, style: RomStyle, family: str, *, sparse: bool = False
) -> Resources:
    """Return the cost of a memory of weights, ``block`` or of LUTs, and of the register behind.

    ``sparse``: most weights may be zero, as ternary ones that are stored one and all.
    """
    if rom_is_block(max(2, places), bits, style, family):
        # Blocks whose words stand behind each other are selected among.
        others = block_rows(max(2, places), bits, family) - 1
        way = bits * others * (0.5 if base_family(family) == "xc7" else 1.0)
        return Resources(lut=way, bram=blocks(max(2, places), bits, family), ff=bits)
    # Few places have few different columns, which are merged.
    columns = min(bits, 1 << min(places, 30))
    each = _column(places, columns, family)
    if sparse and places >= _DEEP and base_family(family) == "xc7":
        each *= _SPARSE
    return Resources(lut=columns * each, ff=2 * columns)


def _column(places: int, columns: int, family: str) -> float:
    """Return the LUTs of one of many columns of arbitrary bits, from drawn ones.

    Beside the LUTs there are multiplexers up to so many places, on iCE40 none: there columns share
    what selects.
    """
    base = base_family(family)
    if base == "ice40":
        return max(1.0, places / 16 * (1.5 + 10 / max(16, columns)))
    inputs, most = _WIDEST.get(family) or _WIDEST[base]
    if places <= most:
        return float(1 << max(0, clog2(places) - inputs))
    trees = 1.4 if base == "xc7" else 1.25 if places <= 512 else 1.35
    return places / (1 << inputs) * trees


def dot_product(plan: DotProduct, family: str) -> Resources:
    """Return the cost of a filter's products, adder tree and accumulator.

    ``held_before`` says what of the registers before the products is no cost of its own.
    """
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
    # A DSP48 holds the adder and the register behind its product.
    inside = xilinx and plan.multiplier == "dsp"
    while terms > 1:
        width = min(limit, width + 1)
        if not inside:
            total += Resources(lut=terms // 2 * width, ff=-(-terms // 2) * width)
        inside = False
        terms = -(-terms // 2)
    if inside:
        return total
    return total + Resources(lut=limit * (1.1 if xilinx else 1.5), ff=limit)


def held_before(bits: int, counted: float, family: str) -> Resources:
    """Return, below zero, the flip-flops before products that a DSP48 holds itself.

    Equal columns of few words are counted once, but every DSP48 holds its own operand: no more is
    taken off than was counted.

    Parameters
    ----------
    bits : int
        Of the weights' operands of all DSP48s.
    counted : float
        Flip-flops that were counted for them.
    family : str
    """
    if base_family(family) != "xc7":
        return Resources()
    return Resources(ff=-min(bits, counted))


def counter(places: int) -> Resources:
    """Return the cost of a counter of ``places`` states and of its comparison."""
    bits = (places - 1).bit_length()
    return Resources(lut=1.7 * bits, ff=bits)


def rounding(total_bits: int, shift: int, ties: bool, out_bits: int) -> Resources:
    """Return the cost of shift, ties and clamp of one lane."""
    quotient = max(1, total_bits - shift)
    lut = out_bits + max(0, quotient - out_bits) / 2 + (shift / 5 + 1 if ties else 0)
    return Resources(lut=lut, ff=out_bits + 2 + (quotient if ties else 0))
