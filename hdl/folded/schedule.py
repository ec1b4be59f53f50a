"""When the folded engine takes and gives beats."""

from __future__ import annotations

from ..firing import latency
from ..schedule import Schedule
from ..window.schedule import window_schedule
from .params import FoldedParams


def schedule(params: FoldedParams) -> Schedule:
    """Return the schedule: a firing computes one group of filters for one window."""
    return window_schedule(
        params.window, duration=params.duration, gives=params.burst, latency=latency(params)
    )
