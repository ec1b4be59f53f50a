"""Schedule of global pooling: one beat in every cycle, beats out with the last pixel."""

from __future__ import annotations

from ..schedule import Actor, InputPort, OutputPort, Schedule, repeat
from .params import GlobalPoolParams

LATENCY = 2
"""Cycles from the start of a firing to the push: beat register, accumulator."""


def schedule(params: GlobalPoolParams) -> Schedule:
    """Return the schedule: ``pixels * words`` firings of one cycle.

    Each takes a beat; those of the last pixel give one.
    """
    one = repeat(1, params.cycles)
    gives = repeat(0, params.cycles)
    gives[-params.words :] = 1
    return Schedule((Actor(one),), (InputPort(0, one),), (OutputPort(0, gives, LATENCY),))
