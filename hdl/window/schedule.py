"""When a window buffer takes beats and when its windows can be read."""

from __future__ import annotations

import numpy as np

from ..schedule import Actor, Counts, InputPort, Link, OutputPort, Schedule, repeat
from .params import WindowParams

DATA_LATENCY = 2
"""Cycles from the last beat of a word to the first firing that may read the word."""

WORD_LATENCY = 3
"""Cycles from the start of a firing to its first word at the output."""


def space_latency(params: WindowParams) -> int:
    """Return the cycles from a firing's start until the places that it releases can be taken."""
    return params.steps + 2


def _reach(
    size: int, windows: int, kernel: int, stride: int, padding: int, dilation: int
) -> tuple[Counts, Counts]:
    """Return the first and last place of each window inside ``size``, -1 where there is none."""
    places = np.arange(windows)[:, None] * stride - padding + np.arange(kernel) * dilation
    inside = (places >= 0) & (places < size)
    first = np.where(inside, places, size).min(axis=1)
    last = np.where(inside, places, -1).max(axis=1)
    return np.where(first == size, -1, first), last


def _rows(params: WindowParams) -> tuple[Counts, Counts]:
    """Return the first and last row of each row of windows."""
    return _reach(
        params.height,
        params.out_height,
        params.kernel[0],
        params.stride[0],
        params.padding[0],
        params.dilation[0],
    )


def _columns(params: WindowParams) -> tuple[Counts, Counts]:
    """Return the first and last column of each column of windows."""
    return _reach(
        params.width,
        params.out_width,
        params.kernel[1],
        params.stride[1],
        params.padding[1],
        params.dilation[1],
    )


def _later(params: WindowParams) -> Counts:
    """Return how many words behind itself each column of windows finds an input.

    The last of the windows side by side finds it where it was written, the others beside what the
    last one reads then.
    """
    place = np.arange(params.out_width) % params.pixels
    return params.lag - place * params.stride[1] * params.words


def trailing(params: WindowParams) -> int:
    """Return the words without input behind a frame, with which its last windows are complete."""
    if params.pixels == 1:
        return 0
    bottom, right = _rows(params)[1], _columns(params)[1]
    ends = np.where(right < 0, 0, (right + 1) * params.words + _later(params))
    left = (params.height - int(bottom.max())) * params.width * params.words
    return max(0, int(ends.max()) - left)


def _frame(params: WindowParams) -> int:
    """Return the words of a frame."""
    return params.height * params.width * params.words + trailing(params)


def _corners(params: WindowParams) -> tuple[Counts, Counts]:
    """Return each window's first word and the end of its last word, counted in the frame.

    Both have one entry a window, row by row; ``words of the frame`` and 0 for a window that lies
    in the padding alone, as it holds nothing and needs nothing. Windows side by side have one entry
    together.
    """
    (top, bottom), (left, right) = _rows(params), _columns(params)
    empty = (top[:, None] < 0) | (left < 0)
    later = _later(params)
    first = (top[:, None] * params.width + left) * params.words + later
    end = (bottom[:, None] * params.width + right + 1) * params.words + later
    sets = (-1, params.pixels)
    return (
        np.where(empty, _frame(params), first).reshape(sets).min(axis=1),
        np.where(empty, 0, end).reshape(sets).max(axis=1),
    )


def consumed(params: WindowParams) -> tuple[Counts, int]:
    """Return the new words that each window waits for, and the words there at reset.

    One entry a window; the sum is the words of a frame. A window in the padding alone waits for the
    first word, so that no frame starts before its input. Words behind the last window belong to
    the first window of the next frame, so that the last one does not wait for them; for the first
    frame they are there from the start.
    """
    frame = _frame(params)
    needed = np.maximum.accumulate(np.maximum(_corners(params)[1], 1))
    unused = int(frame - needed[-1])
    return np.diff(needed, prepend=-unused).astype(np.int64), unused


def released(params: WindowParams) -> Counts:
    """Return the words that nobody reads again after each window; the sum is those of a frame."""
    first = np.append(_corners(params)[0], _frame(params))
    oldest = np.minimum.accumulate(first[::-1])[::-1]
    oldest[0] = 0
    return np.diff(oldest).astype(np.int64)


def ahead(params: WindowParams) -> int:
    """Return the most words that are given back before they are written.

    Where nobody reads the words between two windows, the first of them gives those back too.
    """
    waits, unused = consumed(params)
    return max(0, int((released(params).cumsum() - (waits.cumsum() - unused)).max()))


def outside_masks(params: WindowParams, axis: int) -> Counts:
    """Return, per window along an axis, a bit for each row or column outside the frame."""
    size = (params.height, params.width)[axis]
    count = (params.out_height, params.out_width)[axis]
    first = np.arange(count) * params.stride[axis] - params.padding[axis]
    places = first[:, None] + np.arange(params.kernel[axis]) * params.dilation[axis]
    beyond = (places < 0) | (places >= size)
    masks: Counts = (beyond << np.arange(params.kernel[axis])).sum(axis=1, dtype=np.int64)
    return masks


def window_schedule(params: WindowParams, *, duration: int, gives: int, latency: int) -> Schedule:
    """Return the schedule of an engine that reads its windows from a buffer.

    The writer (actor 0) fires once a beat; the reader (actor 1) as often per window as it has
    groups, for ``duration`` ≥ ``params.steps`` cycles, and gives ``gives`` beats ``latency`` cycles
    later.
    """
    ratio = params.lanes // params.beat.lanes
    groups = params.groups
    firings = params.out_height * params.out_width * groups
    completes = repeat(0, params.beats)
    completes[ratio - 1 :: ratio] = 1
    waits, unused = consumed(params)
    consumes, releases = repeat(0, firings), repeat(0, firings)
    consumes[::groups] = waits
    releases[groups - 1 :: groups] = released(params)
    return Schedule(
        actors=(Actor(repeat(1, params.beats)), Actor(repeat(duration, firings))),
        inputs=(InputPort(0, repeat(1, params.beats)),),
        outputs=(OutputPort(1, repeat(gives, firings), latency),),
        links=(
            Link(0, completes, 1, consumes, DATA_LATENCY, unused),
            Link(1, releases, 0, completes, space_latency(params), params.capacity),
        ),
    )
