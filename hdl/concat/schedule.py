"""Schedule of the concatenation: one beat out a cycle, of each input in turn or of all at once."""

from __future__ import annotations

import numpy as np

from ..schedule import Actor, InputPort, OutputPort, Schedule, repeat
from .params import ConcatParams


def latency(params: ConcatParams) -> int:
    """Return the cycles from the start of a firing to the push.

    Beats that are joined are wires; one that is selected is registered.
    """
    return 0 if params.together else 1


def schedule(params: ConcatParams) -> Schedule:
    """Return the schedule: firings of one cycle, each of which takes what its turn says."""
    one = repeat(1, params.cycles)
    if params.together:
        takes = [one] * len(params.beats)
    else:
        turn = np.repeat(np.arange(len(params.counts)), params.counts)
        whose = np.tile(turn, params.turns)
        takes = [(whose == index).astype(np.int64) for index in range(len(params.counts))]
    return Schedule(
        (Actor(one),),
        tuple(InputPort(0, counts) for counts in takes),
        (OutputPort(0, one, latency(params)),),
    )
