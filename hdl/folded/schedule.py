"""When the folded engine takes and gives beats."""

from __future__ import annotations

from ..schedule import Schedule
from ..window.schedule import WORD_LATENCY, window_schedule
from .params import FoldedParams


def latency(params: FoldedParams) -> int:
    """Return the cycles from the start of a firing to the push of its first beat.

    The last word, the sum of its products, the accumulator, and where a firing gives several
    beats the register that holds them.
    """
    hold = 1 if params.burst > 1 else 0
    return WORD_LATENCY + params.window.steps - 1 + params.dot.stages + 1 + hold


def schedule(params: FoldedParams) -> Schedule:
    """Return the schedule: a firing computes one group of filters for one window."""
    return window_schedule(
        params.window, duration=params.duration, gives=params.burst, latency=latency(params)
    )
