"""The shape of one stream beat, in pure Python."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Beat:
    """One transfer of a stream: ``lanes`` neighbouring channels of one pixel.

    Lane i sits in bits ``[i*bits, (i+1)*bits)`` of the payload, two's complement if ``signed``.
    Beats go through a frame in the order row, column, channel.
    """

    lanes: int
    bits: int
    signed: bool

    @property
    def width(self) -> int:
        """Width of the payload in bits."""
        return self.lanes * self.bits
