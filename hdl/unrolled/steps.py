"""The walk of the unrolled engine through a frame: a pixel a step, all windows in their order."""

from __future__ import annotations

import numpy as np

from ..schedule import Counts, repeat
from ..window.params import WindowParams


def first_step(window: WindowParams) -> int:
    """Return the pixel of a frame, counted row by row, that completes the first window."""
    (kh, kw), (dh, dw) = window.kernel, window.dilation
    down, across = dh * (kh - 1) - window.padding[0], dw * (kw - 1) - window.padding[1]
    return down * window.width + across


def steps(window: WindowParams) -> int:
    """Return the pixels of a frame and the shifts of the window after its last pixel."""
    return max(window.height * window.width, int(completing(window)[-1]) + 1)


def completing(window: WindowParams) -> Counts:
    """Return the step of a frame in which each window is complete: int64, window by window."""
    rows = np.arange(window.out_height, dtype=np.int64)[:, None] * window.stride[0]
    columns = np.arange(window.out_width, dtype=np.int64) * window.stride[1]
    places: Counts = first_step(window) + rows * window.width + columns
    return places.ravel()


def frame_cycles(window: WindowParams, duration: int, waiting: bool) -> int:
    """Return the cycles of a frame whose windows take ``duration`` each.

    Parameters
    ----------
    window : WindowParams
    duration : int
    waiting : bool
        Whether a FIFO takes the pixels that arrive meanwhile, enough of them.
    """
    count, pixels = steps(window), window.height * window.width
    each = repeat(1, count)
    if not waiting:
        each[:pixels] = window.channels // window.beat.lanes
    # A window is computed while the steps to the next one are taken.
    taken = np.cumsum(each)
    ends = taken[completing(window)]
    gaps = np.diff(ends, append=taken[-1] + ends[0])
    return max(window.beats, int(np.maximum(gaps, duration).sum()))


def out_of_order(window: WindowParams) -> str | None:
    """Say why the windows of a layer do not follow each other step by step; None if they do."""
    if first_step(window) < 0:
        return "no window may lie in the padding alone"
    if (window.out_width - 1) * window.stride[1] >= window.stride[0] * window.width:
        return "the windows of a row must not reach into the next one"
    return None
