"""Resources of a component as the cost models estimate them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """Counts of a family's cells.

    ``lut`` counts look-up tables including carry cells' share, ``ff`` flip-flops, ``bram`` block
    RAMs in the family's unit (xc7/xcup: RAMB36, halves possible; ecp5: DP16KD; ice40: RAM4K;
    gowin: BSRAM; cyclonev: M10K; max10: M9K; arria10: M20K), ``dsp`` multiplier blocks (xc7/xcup:
    DSP48, ecp5: MULT18X18D, ice40: SB_MAC16, gowin: MULT18X18, max10: 18 × 18, cyclonev/arria10: a
    variable-precision block). An ALM of cyclonev and arria10 counts as two look-up tables.
    """

    lut: float = 0.0
    ff: float = 0.0
    bram: float = 0.0
    dsp: float = 0.0

    def __add__(self, other: Resources) -> Resources:
        return Resources(
            self.lut + other.lut,
            self.ff + other.ff,
            self.bram + other.bram,
            self.dsp + other.dsp,
        )

    def scaled(self, factor: float) -> Resources:
        """Return all counts times ``factor``."""
        return Resources(self.lut * factor, self.ff * factor, self.bram * factor, self.dsp * factor)
