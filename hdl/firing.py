"""Firings of engines that go through all weights of a window, in pure Python."""

from __future__ import annotations

from .beat import Beat
from .window.params import WindowParams


class DenseFirings:
    """Of parameters with ``pe`` filters side by side: how long their firings take."""

    window: WindowParams
    pe: int
    out: Beat

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
