"""Schedule of local pooling: the window buffer's, one beat out for each window and word."""

from __future__ import annotations

from ..schedule import Schedule
from ..window.schedule import WORD_LATENCY, window_schedule
from .params import PoolParams


def latency(params: PoolParams) -> int:
    """Return the cycles from the start of a firing to the push: the window's words, accumulator."""
    return WORD_LATENCY + params.window.steps


def schedule(params: PoolParams) -> Schedule:
    """Return the schedule: a writer and a reader that takes ``window.steps`` cycles a firing."""
    return window_schedule(
        params.window, duration=params.window.steps, gives=1, latency=latency(params)
    )
