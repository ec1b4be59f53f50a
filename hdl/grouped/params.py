"""Parameters of the grouped engine: filters that see a group of channels each."""

from __future__ import annotations

from dataclasses import dataclass

from ..beat import Beat
from ..dot import DotProduct, Multiplier
from ..filters import check_groups
from ..firing import DenseFirings
from ..memory import RomStyle
from ..window.params import WindowParams


@dataclass(frozen=True)
class GroupedParams(DenseFirings):
    """A grouped convolution on ``pe`` × ``simd`` lanes; depthwise where a group is one channel.

    Filters stand in the order of the groups that they belong to. Several groups side by side are
    computed whole; of a single one also a part, of its filters and of its inputs.

    Attributes
    ----------
    window : WindowParams
        Its words are of ``side * simd`` channels, its blocks of the channels that a firing reads;
        ``window.groups`` is ``out_channels // pe``.
    channel_groups : int
        Groups of the convolution; divides channels and filters.
    out_channels : int
        Filters.
    pe : int
        Filters computed side by side: all those of ``side`` groups, or of one group as many as
        divide them.
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
    channel_groups: int
    out_channels: int
    pe: int
    out: Beat
    weight_bits: int
    multiplier: Multiplier
    weight_style: RomStyle

    def __post_init__(self) -> None:
        for what, count in (("channels", self.window.channels), ("filters", self.out_channels)):
            if count % self.channel_groups:
                raise ValueError(
                    f"groups of channels must divide the {what} ({count}), "
                    f"not {self.channel_groups}"
                )
        check_groups(self.out_channels, self.pe, self.window.groups, self.out.lanes)
        filters = self.out_channels // self.channel_groups
        if filters % self.pe and self.pe % filters:
            raise ValueError(
                f"pe must divide the filters of a group ({filters}), or be a multiple of them, "
                f"not {self.pe}"
            )
        blocks = self.channel_groups // self.side
        if self.window.blocks != blocks:
            raise ValueError(f"blocks must be groups / side ({blocks}), not {self.window.blocks}")
        if self.side > 1 and self.window.block_words > 1:
            raise ValueError(
                f"words must hold {self.side} whole groups ({self.window.channels // blocks} "
                f"channels), not {self.window.lanes} channels"
            )

    @property
    def side(self) -> int:
        """Groups computed side by side."""
        return max(1, self.pe * self.channel_groups // self.out_channels)

    @property
    def simd(self) -> int:
        """Inputs multiplied side by side per filter."""
        return self.window.lanes // self.side

    @property
    def dot(self) -> DotProduct:
        """What one filter computes of one word."""
        beat = self.window.beat
        return DotProduct(
            self.simd, beat.bits, beat.signed, self.weight_bits, self.multiplier, self.out.bits
        )
