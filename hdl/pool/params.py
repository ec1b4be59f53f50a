"""Parameters of local pooling: maximum or sum over windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..beat import Beat
from ..window.params import WindowParams


@dataclass(frozen=True)
class PoolParams:
    """Pooling of ``window.lanes`` channels at a time; the output has as many lanes."""

    window: WindowParams
    kind: Literal["max", "sum"]
    out: Beat

    def __post_init__(self) -> None:
        window = self.window
        if (window.blocks, window.groups) != (window.words, window.words):
            raise ValueError(
                f"the window of a pooling must have a block and a group for every word "
                f"({window.words}), not {window.blocks} and {window.groups}"
            )
        if self.out.lanes != self.window.lanes:
            raise ValueError(f"output lanes must be {self.window.lanes}, not {self.out.lanes}")

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return (
            self.window.out_height * self.window.out_width * self.window.words * self.window.steps
        )
