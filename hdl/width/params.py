"""Parameters of the stream width converter."""

from __future__ import annotations

from dataclasses import dataclass

from ..beat import Beat


@dataclass(frozen=True)
class WidthParams:
    """Repacks beats of ``beat.lanes`` into beats of ``out.lanes`` (one divides the other).

    ``elements`` per frame. Narrowing: a firing takes one beat and gives a burst; widening: a firing
    takes one beat, every last one gives a beat.
    """

    elements: int
    beat: Beat
    out: Beat

    def __post_init__(self) -> None:
        a, b = self.beat.lanes, self.out.lanes
        if a % b and b % a:
            raise ValueError(f"one width must divide the other, not {a} and {b}")

    @property
    def narrowing(self) -> bool:
        """Whether beats get narrower."""
        return self.beat.lanes > self.out.lanes

    @property
    def ratio(self) -> int:
        """Wider lanes / narrower lanes."""
        return max(self.beat.lanes, self.out.lanes) // min(self.beat.lanes, self.out.lanes)

    @property
    def burst(self) -> int:
        """Output beats of one firing."""
        return self.ratio if self.narrowing else 1

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.elements // min(self.beat.lanes, self.out.lanes)
