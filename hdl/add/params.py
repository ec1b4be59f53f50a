"""Parameters of the requantizing adder of two streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..beat import Beat


@dataclass(frozen=True)
class AddParams:
    """``y = clamp((a*multipliers[0][c] + b*multipliers[1][c] + offset[c]) >> shift, low, high)``.

    One beat of each input a cycle. With ``ties`` an odd quotient without remainder is decremented
    before the clamp (half to even).

    Attributes
    ----------
    pixels, channels : int
        The frame.
    beats : (Beat, Beat)
        The two inputs; same lanes as ``out``.
    entries : int
        Length of the tables: ``channels``, or 1.
    multiplier_bits : (int, int)
        Widths of the stored multipliers, two's complement if ``multiplier_signed``.
    offset_bits : int
        Two's complement.
    product_bits : int
        Width of the sum before the shift, two's complement, proved to suffice.
    """

    pixels: int
    channels: int
    beats: tuple[Beat, Beat]
    out: Beat
    entries: int
    multiplier_bits: tuple[int, int]
    multiplier_signed: bool
    offset_bits: int
    product_bits: int
    shift: int
    ties: bool
    low: int
    high: int
    multiplier: Literal["dsp", "lut"] = "dsp"

    @property
    def words(self) -> int:
        """Beats of one pixel."""
        return self.channels // self.out.lanes

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.pixels * self.words
