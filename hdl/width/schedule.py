"""Schedule of the stream width converter."""

from __future__ import annotations

import numpy as np

from ..schedule import Actor, InputPort, OutputPort, Schedule, repeat
from .params import WidthParams


def latency(params: WidthParams) -> int:
    """Return the cycles from the start of a firing to its first push.

    A narrowing firing registers its beat, the last of a widening group completes it as it passes.
    """
    return 1 if params.narrowing else 0


def schedule(params: WidthParams) -> Schedule:
    """Return the schedule, one firing an input beat.

    Narrowing: ``ratio`` cycles, 1 → ``ratio``. Widening: one cycle, 1 → 0, and 1 → 1 for every
    ``ratio``-th firing.
    """
    firings = params.elements // params.beat.lanes
    if params.narrowing:
        durations = gives = repeat(params.ratio, firings)
    else:
        durations = repeat(1, firings)
        gives = (np.arange(firings, dtype=np.int64) % params.ratio == params.ratio - 1).astype(
            np.int64
        )
    return Schedule(
        (Actor(durations),),
        (InputPort(0, repeat(1, firings)),),
        (OutputPort(0, gives, latency(params)),),
    )
