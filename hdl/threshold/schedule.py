"""Schedule of the threshold unit: one beat in, one beat out, every cycle."""

from __future__ import annotations

from ...runtime.numerics import clog2
from ..schedule import Actor, InputPort, OutputPort, Schedule, repeat
from .params import ThresholdParams


def levels(params: ThresholdParams) -> int:
    """Return the comparisons of a binary search among ``steps`` thresholds (at least 1)."""
    return max(1, clog2(params.steps + 1))


def latency(params: ThresholdParams) -> int:
    """Return the cycles from the start of a firing to the push: first fetch, comparisons."""
    return 1 + levels(params)


def schedule(params: ThresholdParams) -> Schedule:
    """Return the schedule: ``pixels * words`` firings of one cycle, each 1 → 1."""
    one = repeat(1, params.cycles)
    return Schedule((Actor(one),), (InputPort(0, one),), (OutputPort(0, one, latency(params)),))
