"""Schedule of the lookup unit: one beat in, one beat out, every cycle."""

from __future__ import annotations

from ..schedule import Actor, InputPort, OutputPort, Schedule, repeat
from .params import LookupParams

LATENCY = 2
"""Cycles from the start of a firing to the push: address register, table."""


def schedule(params: LookupParams) -> Schedule:
    """Return the schedule: ``pixels * words`` firings of one cycle, each 1 → 1."""
    one = repeat(1, params.cycles)
    return Schedule((Actor(one),), (InputPort(0, one),), (OutputPort(0, one, LATENCY),))
