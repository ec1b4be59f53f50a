"""Parameters of the credit FIFO that ends every component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FifoStyle = Literal["registers", "distributed", "block", "auto"]


@dataclass(frozen=True)
class FifoParams:
    """A FIFO whose slots are claimed before they are filled.

    Attributes
    ----------
    width : int
        Payload bits.
    depth : int
        Logical depth: tokens claimed and not yet popped never exceed it.
    burst : int
        Slots claimed at once (tokens given by one firing); ``depth`` must be at least ``burst``.
    style : str
        What the storage is made of; ``auto`` leaves the choice to the tool.
    """

    width: int
    depth: int
    burst: int = 1
    style: FifoStyle = "distributed"

    def __post_init__(self) -> None:
        if self.depth < max(1, self.burst):
            raise ValueError(f"depth must be at least the burst ({self.burst}), not {self.depth}")

    def check_output(self, width: int, burst: int) -> None:
        """Raise ValueError unless this FIFO fits an output of ``burst`` beats of ``width`` bits."""
        if (self.width, self.burst) != (width, burst):
            raise ValueError(
                f"the output FIFO must have width {width} and burst {burst}, "
                f"not {self.width} and {self.burst}"
            )
