"""Parameters of the folded engine: PE × SIMD multiply–accumulate lanes over dense weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..beat import Beat
from ..dot import DotProduct, Multiplier
from ..filters import check_groups
from ..window.params import WindowParams

MemoryStyle = Literal["distributed", "block"]


@dataclass(frozen=True)
class FoldedParams:
    """A convolution (or dense layer: a 1×1 kernel on a 1×1 frame) on ``pe`` × ``simd`` lanes.

    Attributes
    ----------
    window : WindowParams
        ``window.lanes`` is SIMD, ``window.groups`` is ``out_channels // pe``.
    out_channels : int
        Filters.
    pe : int
        Filters computed side by side; divides ``out_channels``.
    out : Beat
        Accumulators leave ``out.lanes`` at a time (divides ``pe``), as a burst of
        ``pe // out.lanes`` beats per firing.
    weight_bits : int
        Width of a stored weight; 2 if ternary.
    multiplier : str
        ``dsp`` and ``lut`` multiply; ``ternary`` adds, subtracts or skips.
    weight_style : str
        Memory of the weights.
    """

    window: WindowParams
    out_channels: int
    pe: int
    out: Beat
    weight_bits: int
    multiplier: Multiplier
    weight_style: MemoryStyle

    def __post_init__(self) -> None:
        check_groups(self.out_channels, self.pe, self.window.groups, self.out.lanes)

    @property
    def simd(self) -> int:
        """Inputs multiplied side by side per filter."""
        return self.window.lanes

    @property
    def dot(self) -> DotProduct:
        """What one filter computes of one word."""
        beat = self.window.beat
        return DotProduct(
            self.simd, beat.bits, beat.signed, self.weight_bits, self.multiplier, self.out.bits
        )

    @property
    def burst(self) -> int:
        """Output beats of one firing."""
        return self.pe // self.out.lanes

    @property
    def duration(self) -> int:
        """Cycles of one firing: one window for one group of filters."""
        return max(self.window.steps, self.burst)

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return self.window.out_height * self.window.out_width * self.window.groups * self.duration
