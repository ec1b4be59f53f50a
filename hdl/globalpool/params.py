"""Parameters of global pooling: one accumulator per channel, no window buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..beat import Beat


@dataclass(frozen=True)
class GlobalPoolParams:
    """Maximum or sum of all ``pixels`` of a frame, per channel; one beat a cycle.

    ``beat`` and ``out`` have the same lanes; a frame gives ``channels // lanes`` beats, each as the
    last pixel's beat of that channel goes by.
    """

    pixels: int
    channels: int
    kind: Literal["max", "sum"]
    beat: Beat
    out: Beat

    def __post_init__(self) -> None:
        if self.beat.lanes != self.out.lanes or self.channels % self.beat.lanes:
            raise ValueError(
                f"lanes must be equal and divide the channels ({self.channels}), "
                f"not {self.beat.lanes} and {self.out.lanes}"
            )

    @property
    def words(self) -> int:
        """Beats of one pixel."""
        return self.channels // self.beat.lanes

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.pixels * self.words
