"""Parameters of the threshold unit: binary search in stored thresholds."""

from __future__ import annotations

from dataclasses import dataclass

from ..beat import Beat


@dataclass(frozen=True)
class ThresholdParams:
    """``y = values[c, count(x >= thresholds[c])]``, one beat a cycle, thresholds ascending.

    Attributes
    ----------
    pixels, channels : int
        The frame.
    beat, out : Beat
        Same lanes.
    entries : int
        Rows of the tables: ``channels``, or 1 where all channels share one row.
    steps : int
        Thresholds per row.
    threshold_bits : int
        Width of a stored threshold, two's complement.
    affine : bool
        Whether ``values[c] == base + 0 … steps`` with one ``base`` for all channels, so that no
        table of values is needed.
    """

    pixels: int
    channels: int
    beat: Beat
    out: Beat
    entries: int
    steps: int
    threshold_bits: int
    affine: bool

    @property
    def words(self) -> int:
        """Beats of one pixel."""
        return self.channels // self.beat.lanes

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.pixels * self.words
