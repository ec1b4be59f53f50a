"""Schedule of the fork: one beat in, the same beat on every output, every cycle."""

from __future__ import annotations

from ..schedule import Actor, InputPort, OutputPort, Schedule, repeat
from .params import ForkParams

LATENCY = 0
"""Cycles from the start of a firing to the push: wires."""


def schedule(params: ForkParams) -> Schedule:
    """Return the schedule: ``beats`` firings of one cycle, each 1 → 1 on every output."""
    one = repeat(1, params.beats)
    outputs = tuple(OutputPort(0, one, LATENCY) for _ in range(params.ways))
    return Schedule((Actor(one),), (InputPort(0, one),), outputs)
