"""What the FIFO behind a unit's output is made of."""

from __future__ import annotations

from ...hdl.engines import Params
from ...hdl.fifo.cost import choose_style
from ...hdl.fifo.params import FifoParams

SHALLOW = 16
"""Depth below which a FIFO of LUT RAM gets no smaller."""


def burst_of(params: Params) -> int:
    """Return the beats that one firing of a unit gives."""
    return getattr(params, "burst", 1)


def fifo_params(width: int, depth: int, burst: int, family: str) -> FifoParams:
    """Return the FIFO of ``depth`` beats of ``width`` bits, made of what costs least."""
    return FifoParams(width, depth, burst, choose_style(depth, width, family))


def least_depth(beats: int, burst: int) -> int:
    """Return the depth that costs no more than a smaller one.

    Channels of a few beats a frame get no more than two frames' worth: the proof of the steady
    state looks as many frames back as a channel holds.
    """
    return max(burst, min(SHALLOW, 2 * beats))
