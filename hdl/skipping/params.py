"""Parameters of the skipping engine: banks of inputs, from which only non-zero weights read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...runtime.numerics import clog2
from ..beat import Beat
from ..dot import DotProduct, Multiplier
from ..filters import check_groups
from ..window.params import WindowParams
from ..window.schedule import trailing

MemoryStyle = Literal["distributed", "block"]


@dataclass(frozen=True)
class SkippingParams:
    """A convolution (or dense layer) of which only the non-zero weights take time.

    Attributes
    ----------
    window : WindowParams
        ``window.lanes`` is the number of banks: channel c lies in bank ``c % lanes``.
        ``window.groups`` is ``out_channels // pe``. ``window.pixels`` windows of a row share one
        stream of indices: places of the banks are so many times as wide, each window has
        accumulators of its own, and everything else serves all of them.
    out_channels : int
        Filters.
    pe : int
        Filters computed side by side, each from a copy of the banks; divides ``out_channels``.
    out : Beat
        Accumulators leave ``out.lanes`` at a time (divides ``pe``).
    steps : tuple of int
        Cycles of each group: the longest list of non-zero weights of any of its filters in any
        bank, at least 1 and at least the ``beats`` of a firing.
    index_bits : int
        Bits of a word of the index memory (see ``weights.stored_bits``).
    weight_bits : int
        Width of a weight; 2 if ternary.
    multiplier : str
        ``dsp`` and ``lut`` multiply; ``ternary`` adds, subtracts or skips.
    weight_style : str
        Memory of the indices and weights.
    """

    window: WindowParams
    out_channels: int
    pe: int
    out: Beat
    steps: tuple[int, ...]
    index_bits: int
    weight_bits: int
    multiplier: Multiplier
    weight_style: MemoryStyle

    def __post_init__(self) -> None:
        check_groups(self.out_channels, self.pe, self.window.groups, self.out.lanes)
        if len(self.steps) != self.window.groups or min(self.steps) < self.beats:
            raise ValueError(
                f"steps must be {self.window.groups} numbers of at least {self.beats}, "
                f"not {self.steps}"
            )

    @property
    def banks(self) -> int:
        """Memories of inputs, each read once a cycle by every filter."""
        return self.window.lanes

    @property
    def pixels(self) -> int:
        """Neighbouring windows that a firing computes side by side."""
        return self.window.pixels

    @property
    def waits(self) -> bool:
        """Whether results wait: a window's other filters leave before the next window's."""
        return self.pixels > 1 and self.window.groups > 1

    @property
    def beats(self) -> int:
        """Output beats that one firing computes."""
        return self.pixels * self.pe // self.out.lanes

    @property
    def pushes(self) -> int:
        """Words in which a firing hands on its results: those that wait, of all windows each."""
        return self.beats // self.pixels if self.waits else self.beats

    @property
    def burst(self) -> int:
        """Output beats that are claimed at once: results that waited leave one by one."""
        return 1 if self.waits else self.beats

    @property
    def dot(self) -> DotProduct:
        """What one filter computes in one cycle."""
        beat = self.window.beat
        return DotProduct(
            self.banks, beat.bits, beat.signed, self.weight_bits, self.multiplier, self.out.bits
        )

    @property
    def tap_bits(self) -> int:
        """Bits that say row and column of the kernel, where a window may leave the frame."""
        return sum(clog2(size) for size in self.window.kernel) if self.window.padded else 0

    @property
    def entry_bits(self) -> int:
        """Bits that tell one lane what to do: place in the ring, row and column, weight."""
        return clog2(self.window.capacity) + self.tap_bits + self.weight_bits

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        window = self.window
        work = window.out_height * window.sets * sum(self.steps)
        return work if self.pixels == 1 else max(work, window.beats + trailing(window))
