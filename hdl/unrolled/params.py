"""Parameters of the unrolled engine: a network of adders behind a window held in registers."""

from __future__ import annotations

from dataclasses import dataclass

from ..beat import Beat
from ..estimate import base_family
from ..fifo.params import FifoParams, FifoStyle
from ..window.params import SMALL_RING, WindowParams, WindowStyle
from .size import WIDE, NetworkSize
from .steps import frame_cycles, out_of_order

PLANES = 4
"""Planes that are merged at a time: what a look-up table takes."""


@dataclass(frozen=True)
class UnrolledParams:
    """A convolution (or dense layer) whose weights are wires: all filters of a window at once.

    Attributes
    ----------
    window : WindowParams
        ``window.lanes`` is ``window.channels``: whole pixels; ``window.groups`` is 1.
    out_channels : int
        Filters.
    out : Beat
        Accumulators leave ``out.lanes`` at a time, as a burst of ``out_channels // out.lanes``
        beats per window.
    digit : int
        Bits of every sum that are computed in a cycle, the lowest first; 0 computes whole sums.
    operands : int
        Most that an adder of a single bit adds up: 2, or 4 for look-up tables of six inputs.
    places : int
        Pixels that wait in a FIFO before the line buffer, so that beats are taken while the last
        windows of a frame are computed; 0 has no FIFO.
    levels : int
        Adders in a row between two registers.
    weight_bits : int
        Width of a weight; 2 if ternary.
    nonzeros : int
        Weights that are not zero.
    size : NetworkSize
        Of the adder network.
    """

    window: WindowParams
    out_channels: int
    out: Beat
    digit: int
    operands: int
    places: int
    levels: int
    weight_bits: int
    nonzeros: int
    size: NetworkSize

    def __post_init__(self) -> None:
        window = self.window
        if window.lanes != window.channels or window.groups != 1:
            raise ValueError(
                f"words must be whole pixels ({window.channels} lanes, 1 group), "
                f"not {window.lanes} lanes, {window.groups} groups"
            )
        if self.out_channels % self.out.lanes:
            raise ValueError(
                f"lanes of the output must divide the filters ({self.out_channels}), "
                f"not {self.out.lanes}"
            )
        if not 0 <= self.digit <= self.out.bits:
            raise ValueError(f"digit must be 0…{self.out.bits} bits, not {self.digit}")
        if self.operands not in (2, WIDE) or (self.operands != 2 and self.digit != 1):
            raise ValueError(
                f"operands must be 2, or {WIDE} with digits of 1 bit, "
                f"not {self.operands} with {self.digit} bits"
            )
        if self.levels < 1:
            raise ValueError(f"levels must be at least 1, not {self.levels}")
        if self.places < 0:
            raise ValueError(f"places must be at least 0, not {self.places}")
        reason = out_of_order(window)
        if reason is not None:
            raise ValueError(reason)

    @property
    def lines(self) -> int:
        """Rows of pixels in the line buffer."""
        return self.window.dilation[0] * (self.window.kernel[0] - 1)

    @property
    def line_style(self) -> WindowStyle:
        """What the line buffer is made of."""
        return "auto" if self.window.width <= SMALL_RING else "block"

    @property
    def fifo(self) -> FifoParams:
        """The FIFO of waiting pixels."""
        width = self.window.channels * self.window.beat.bits
        style: FifoStyle = "auto" if self.places <= SMALL_RING else "block"
        return FifoParams(width, self.places, 1, style)

    @property
    def digits(self) -> int:
        """Cycles in which a sum is computed."""
        return -(-min(self.size.sum_bits, self.out.bits) // self.digit) if self.digit else 1

    @property
    def depth(self) -> int:
        """Cycles from the network's inputs to its outputs."""
        return self.size.depth if self.operands == 2 else self.size.cell_depth

    @property
    def planes(self) -> int:
        """Digits of an input that are read from planes that arrive a cycle apart.

        For windows of a single pixel; 0 where windows are held whole. One more than an input has
        where wider digits are to follow that are all sign.
        """
        window = self.window
        if not self.digit or window.kernel != (1, 1) or window.padded or self.places:
            return 0
        own = -(-window.beat.bits // self.digit)
        return min(own + (window.beat.signed and self.digit > 1), self.digits)

    @property
    def blocks(self) -> tuple[int, ...]:
        """Beats of a pixel of which ever more digits have been put in a row; with ``planes`` only.

        Behind merge k the digits of a block's channels come in runs of ``PLANES**k`` or all, one a
        cycle. A block has at least as many beats, so that it is read before the next one is there,
        or is the pixel: the next one comes no sooner than ``duration`` cycles later. The last
        block, all of whose channels are read together, is the pixel.
        """
        beats = self.window.channels // self.window.beat.lanes
        blocks, size, run = [], 1, 1
        while run < self.planes:
            run = min(PLANES * run, self.planes)
            fit = range(size, beats, size)
            size = next((n for n in fit if n >= run and beats % n == 0), beats)
            blocks.append(size)
        return (*blocks, beats)

    @property
    def paced(self) -> bool:
        """Whether the beats of a pixel take as long as its sums, so that these never delay it."""
        return bool(self.planes) and self.duration <= self.blocks[-1]

    @property
    def burst(self) -> int:
        """Output beats of one window."""
        return self.out_channels // self.out.lanes

    @property
    def regrouped(self) -> bool:
        """Whether serial sums are collected a few digits at a time, where beats are many.

        Sums wait for those of the beats before, in flip-flops that outweigh the look-up tables
        which are saved where the beats are many times as many as the digits.
        """
        fits = self.burst % PLANES == 0 and PLANES < self.burst <= PLANES * self.digits
        return fits and self.digits >= PLANES

    @property
    def duration(self) -> int:
        """Cycles from one window to the next, at least."""
        return max(self.digits, self.burst)

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing stalls."""
        return frame_cycles(self.window, self.duration, bool(self.places))


def most_operands(digit: int, family: str | None) -> int:
    """Return how many operands adders of so many bits best have in a family."""
    return WIDE if digit == 1 and family is not None and base_family(family) == "xc7" else 2
