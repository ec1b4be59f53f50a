"""Parameters of the window buffer (line buffer) of convolutions and poolings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...runtime.numerics import clog2
from ..beat import Beat

WindowStyle = Literal["auto", "block"]

ROUND_TRIP = 4
"""Cycles from the writing of a word to its reading and from there to its place's reuse."""

SMALL_RING = 64
"""Words up to which the tools choose what the ring is made of."""


@dataclass(frozen=True)
class WindowParams:
    """A ring of input pixels from which the windows of a convolution or pooling are read.

    Attributes
    ----------
    height, width, channels : int
        Input frame.
    kernel, stride, dilation : (int, int)
        Vertical, horizontal.
    padding : (int, int, int, int)
        Top, left, bottom, right.
    pad_value : int
        The code that stands outside the frame.
    beat : Beat
        Input beats; ``beat.lanes`` divides ``lanes``.
    lanes : int
        Channels of one memory word, read in one cycle; divides ``channels``.
    groups : int
        Firings per window, as many for each of the ``blocks``: one for every group of filters that
        are computed side by side.
    blocks : int
        Parts of neighbouring channels that are read one after the other, each at all places of the
        kernel: one for a convolution that sees all channels at once, ``words`` for a pooling.
    pixels : int
        Neighbouring windows of a row that are read side by side; divides ``out_width``. Every place
        of the ring holds what all of them read there, so that one address serves them all.
    """

    height: int
    width: int
    channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]
    pad_value: int
    beat: Beat
    lanes: int
    groups: int
    blocks: int = 1
    pixels: int = 1

    def __post_init__(self) -> None:
        if self.channels % self.lanes:
            raise ValueError(f"lanes must divide the channels ({self.channels}), not {self.lanes}")
        if self.lanes % self.beat.lanes:
            raise ValueError(
                f"lanes of a beat must divide the lanes of a word ({self.lanes}), "
                f"not {self.beat.lanes}"
            )
        if self.words % self.blocks:
            raise ValueError(
                f"blocks must divide the words of a pixel ({self.words}), not {self.blocks}"
            )
        if self.groups % self.blocks:
            raise ValueError(
                f"groups must be a multiple of the blocks ({self.blocks}), not {self.groups}"
            )
        half = 1 << self.beat.bits - 1 if self.beat.signed else 0
        low, high = -half, (1 << self.beat.bits) - half - 1
        if self.padded and not low <= self.pad_value <= high:
            raise ValueError(f"pad_value must be {low}…{high} as the beats, not {self.pad_value}")
        if min(self.out_height, self.out_width) < 1:
            raise ValueError("the kernel must fit into the padded frame")
        if self.pixels < 1 or self.out_width % self.pixels:
            raise ValueError(
                f"pixels must divide the windows of a row ({self.out_width}), not {self.pixels}"
            )

    @property
    def words(self) -> int:
        """Memory words of one pixel."""
        return self.channels // self.lanes

    @property
    def block_words(self) -> int:
        """Memory words of one pixel that a firing reads."""
        return self.words // self.blocks

    @property
    def steps(self) -> int:
        """Words read by one firing: the duration of its reading in cycles."""
        return self.kernel[0] * self.kernel[1] * self.block_words

    @property
    def out_height(self) -> int:
        """Rows of windows."""
        reach = self.dilation[0] * (self.kernel[0] - 1) + 1
        return (self.height + self.padding[0] + self.padding[2] - reach) // self.stride[0] + 1

    @property
    def out_width(self) -> int:
        """Columns of windows."""
        reach = self.dilation[1] * (self.kernel[1] - 1) + 1
        return (self.width + self.padding[1] + self.padding[3] - reach) // self.stride[1] + 1

    @property
    def sets(self) -> int:
        """Columns of windows that are read side by side."""
        return self.out_width // self.pixels

    @property
    def lag(self) -> int:
        """Words from an input of the first of them to the same one of the last."""
        return (self.pixels - 1) * self.stride[1] * self.words

    @property
    def padded(self) -> bool:
        """Whether any window reaches outside the frame."""
        return any(self.padding)

    @property
    def beats(self) -> int:
        """Input beats of one frame."""
        return self.height * self.width * self.channels // self.beat.lanes

    @property
    def capacity(self) -> int:
        """Words in the ring, a power of two.

        At least the span from the oldest to the newest word of a window plus the stride, so that
        writing goes on while a window is read, or two frames; and what is written until a released
        place is known to be free.
        """
        rows = self.dilation[0] * (self.kernel[0] - 1) + self.stride[0] - 1
        columns = self.dilation[1] * (self.kernel[1] - 1) + 1 + self.stride[1] * self.pixels
        span = (rows * self.width + columns) * self.words
        frames = 2 * (self.height * self.width * self.words + self.lag)
        return 1 << clog2(min(span, frames) + ROUND_TRIP)

    @property
    def style(self) -> WindowStyle:
        """What the ring is made of."""
        return "auto" if self.capacity <= SMALL_RING else "block"
