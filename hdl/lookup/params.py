"""Parameters of the lookup unit: a table of any unary function of few bits."""

from __future__ import annotations

from dataclasses import dataclass

from ..beat import Beat


@dataclass(frozen=True)
class LookupParams:
    """``y = table[c, x - low]``, one beat a cycle.

    ``entries`` rows: ``channels``, or 1 where all channels share one row; ``low`` is the smallest
    input and a row has ``size`` places.
    """

    pixels: int
    channels: int
    beat: Beat
    out: Beat
    entries: int
    low: int
    size: int

    @property
    def words(self) -> int:
        """Beats of one pixel."""
        return self.channels // self.beat.lanes

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.pixels * self.words
