"""When the grouped engine takes and gives beats."""

from __future__ import annotations

from ..firing import latency
from ..schedule import Schedule
from ..window.schedule import window_schedule
from .params import GroupedParams


def schedule(params: GroupedParams) -> Schedule:
    """Return the schedule: a firing computes ``pe`` filters for one block of a window."""
    return window_schedule(
        params.window, duration=params.duration, gives=params.burst, latency=latency(params)
    )
