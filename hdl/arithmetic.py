"""Plans of pipelined multiplication, rounding and tables: latencies and sizes, in pure Python.

The circuits (``multiply.py``, ``rounding.py``, ``tables.py``) are built after these plans and the
schedules count their cycles, so the two cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..runtime.numerics import clog2

Style = Literal["dsp", "lut"]
TableStyle = Literal["distributed", "block"]

NARROW_OPERAND, WIDE_OPERAND = 18, 25
"""Signed bits of the operands of a DSP48; other families' blocks take the narrow one twice."""

SMALL_TABLE = 64
"""Places that one LUT6 holds a bit of."""

TOGETHER = 16
"""Words up to which a table of LUTs is mapped together with what surrounds it, which then sees its
constant bits. Of more words Yosys 0.70 takes up to three times as many as where it maps the table
apart: thresholds of 32 channels 891 and not 491 (ecp5), of 64 channels 1,262 and not 415 (gowin),
multipliers and offsets of 128 channels 238 and not 105 (xc7)."""

SMALL_BITS = 4096
"""Bits up to which look-up tables are the smaller part of a chip than a block RAM."""


@dataclass(frozen=True)
class Product:
    """A pipelined product ``a * b`` where b is a stored multiplier.

    A one-bit unsigned b is 0 or 1: no multiplier and no stage. ``dsp`` cuts b into chunks that fit
    a multiplier block: one stage, and one more for the sum of several chunks. ``lut`` adds a row
    for every two bits of b in a tree with a register after every second level of adders.

    Attributes
    ----------
    a_bits, b_bits : int
        Widths of the operands.
    a_signed, b_signed : bool
        Whether they are two's complement.
    style : str
        ``dsp`` leaves the products to the tools' multiplier blocks, ``lut`` spells out adders.
    """

    a_bits: int
    a_signed: bool
    b_bits: int
    b_signed: bool
    style: Style

    @property
    def trivial(self) -> bool:
        """Whether b can only be 0 or 1."""
        return self.b_bits == 1 and not self.b_signed

    @property
    def chunk(self) -> int:
        """Bits of b, without its sign, that a block multiplies by the whole of a."""
        narrow = self.a_bits + (not self.a_signed) <= NARROW_OPERAND
        return (WIDE_OPERAND if narrow else NARROW_OPERAND) - 1

    @property
    def chunks(self) -> int:
        """Products that ``dsp`` makes of one."""
        return max(1, -(-(self.b_bits - self.b_signed) // self.chunk))

    @property
    def rows(self) -> int:
        """Rows that ``lut`` adds: one for every two bits of b."""
        return -(-self.b_bits // 2)

    @property
    def stages(self) -> int:
        """Registers from the operands to the product."""
        if self.trivial:
            return 0
        if self.style == "dsp":
            return 1 if self.chunks == 1 else 2
        return -(-(1 + clog2(self.rows)) // 2)


def rounding_stages(ties: bool) -> int:
    """Registers from the sum to the clamped result: ties to even (if wanted), comparison."""
    return 2 if ties else 1


def table_style(places: int, bits: int) -> TableStyle:
    """Return what a table of ``places`` entries of ``bits`` bits is made of."""
    small = places <= SMALL_TABLE or places * bits <= SMALL_BITS
    return "distributed" if small else "block"


def fetch_cycles(entries: int, words: int) -> int:
    """Return the registers from a beat's arrival to the constants of its channels.

    One, and another behind a deep table, whose output comes late in the cycle.
    """
    return 1 if entries == 1 or words <= SMALL_TABLE else 2
