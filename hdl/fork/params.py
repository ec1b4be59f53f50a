"""Parameters of the fork: one stream to several."""

from __future__ import annotations

from dataclasses import dataclass

from ..beat import Beat


@dataclass(frozen=True)
class ForkParams:
    """Every input beat goes to each of ``ways`` outputs in the same cycle."""

    beat: Beat
    beats: int
    ways: int

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.beats
