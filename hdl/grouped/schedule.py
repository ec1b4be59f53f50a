"""When the grouped engine takes and gives beats."""

from __future__ import annotations

from ..schedule import Schedule
from ..window.schedule import WORD_LATENCY, window_schedule
from .params import GroupedParams


def latency(params: GroupedParams) -> int:
    """Return the cycles from the start of a firing to the push of its first beat.

    The last word, the sum of its products, the accumulator, and where a firing gives several
    beats the register that holds them.
    """
    hold = 1 if params.burst > 1 else 0
    return WORD_LATENCY + params.window.steps - 1 + params.dot.stages + 1 + hold


def schedule(params: GroupedParams) -> Schedule:
    """Return the schedule: a firing computes ``pe`` filters for one block of a window."""
    return window_schedule(
        params.window, duration=params.duration, gives=params.burst, latency=latency(params)
    )
