"""Firings of engines that go through all weights of a window, in pure Python."""

from __future__ import annotations

from abc import ABC, abstractmethod

from .beat import Beat
from .dot import DotProduct
from .window.params import WindowParams
from .window.schedule import WORD_LATENCY


class DenseFirings(ABC):
    """Of parameters with ``pe`` filters side by side: how long their firings take."""

    window: WindowParams
    pe: int
    out: Beat
    multiplier: str

    @property
    @abstractmethod
    def dot(self) -> DotProduct:
        """What one filter computes of one word."""

    @property
    def burst(self) -> int:
        """Output beats of one firing."""
        return self.pe // self.out.lanes

    @property
    def duration(self) -> int:
        """Cycles of one firing: ``pe`` filters of one window, or of the block that they see."""
        return max(self.window.steps, self.burst)

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.window.out_height * self.window.out_width * self.window.groups * self.duration


def latency(params: DenseFirings) -> int:
    """Return the cycles from the start of a firing to the push of its first beat.

    The last word, the sum of its products, the accumulator, and where a firing gives several
    beats the register that holds them.
    """
    hold = 1 if params.burst > 1 else 0
    return WORD_LATENCY + params.window.steps - 1 + params.dot.stages + 1 + hold
