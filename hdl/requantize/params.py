"""Parameters of the requantizer: multiply, add, shift, clamp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..beat import Beat


@dataclass(frozen=True)
class RequantizeParams:
    """``y = clamp((x * multiplier[c] + offset[c]) >> shift, low, high)``, one beat a cycle.

    With ``ties`` an odd quotient without remainder is decremented before the clamp (half to even).

    Attributes
    ----------
    pixels, channels : int
        The frame; channel c of the tables counts through every pixel.
    beat, out : Beat
        Same lanes.
    entries : int
        Length of the tables: ``channels``, or 1 where all channels share one entry.
    multiplier_bits, offset_bits : int
        Widths of the stored tables (multiplier unsigned if ``not multiplier_signed``; offset is
        two's complement).
    product_bits : int
        Width of ``x * multiplier + offset``, two's complement, proved to suffice.
    """

    pixels: int
    channels: int
    beat: Beat
    out: Beat
    entries: int
    multiplier_bits: int
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
        return self.channels // self.beat.lanes

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.pixels * self.words
