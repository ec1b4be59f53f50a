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

DSP_OPERAND = 18
"""Signed bits of the narrower operand that every family's multiplier block takes."""

SMALL_TABLE = 64
"""Places up to which a table is made of look-up tables (one LUT6 a bit on Xilinx)."""


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
    def chunks(self) -> int:
        """Products that ``dsp`` makes of one."""
        digits = self.b_bits - self.b_signed
        return max(1, -(-digits // (DSP_OPERAND - 1)))

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


def table_style(places: int) -> TableStyle:
    """Return what a table of ``places`` entries is made of."""
    return "distributed" if places <= SMALL_TABLE else "block"


def fetch_cycles(entries: int, words: int) -> int:
    """Return the registers from a beat's arrival to the constants of its channels.

    One, and another behind a block RAM, whose output comes late in the cycle.
    """
    return 1 if entries == 1 or table_style(words) == "distributed" else 2
