"""When the skipping engine takes and gives beats."""

from __future__ import annotations

import numpy as np

from ..schedule import Actor, InputPort, Link, OutputPort, Schedule, repeat
from ..window.schedule import DATA_LATENCY, consumed, released
from .params import SkippingParams

READ_CYCLES = 5
"""Cycles from a step to its inputs: index memory, its register, place, ring, input register."""


def latencies(params: SkippingParams) -> tuple[int, ...]:
    """Return, per group, the cycles from the start of a firing to the push of its first beat.

    One to the first step, the steps, the reading of the last one, the sum of its products, the
    accumulator, and where a firing gives several beats the register that holds them.
    """
    hold = 1 if params.burst > 1 else 0
    return tuple(steps + READ_CYCLES + params.dot.stages + 1 + hold for steps in params.steps)


def space_latency(params: SkippingParams) -> int:
    """Return the cycles from a window's last firing until the places that it releases are free."""
    return params.steps[-1] + 3


def schedule(params: SkippingParams) -> Schedule:
    """Return the schedule: a firing computes one group of filters for one window."""
    window = params.window
    groups = window.groups
    windows = window.out_height * window.out_width
    completes = repeat(0, window.beats)
    ratio = window.lanes // window.beat.lanes
    completes[ratio - 1 :: ratio] = 1
    waits, unused = consumed(window)
    consumes, releases = repeat(0, windows * groups), repeat(0, windows * groups)
    consumes[::groups] = waits
    releases[groups - 1 :: groups] = released(window)
    durations = np.tile(np.array(params.steps, dtype=np.int64), windows)
    delays = np.tile(np.array(latencies(params), dtype=np.int64), windows)
    return Schedule(
        actors=(Actor(repeat(1, window.beats)), Actor(durations)),
        inputs=(InputPort(0, repeat(1, window.beats)),),
        outputs=(OutputPort(1, repeat(params.burst, windows * groups), delays),),
        links=(
            Link(0, completes, 1, consumes, DATA_LATENCY, unused),
            Link(1, releases, 0, completes, space_latency(params), window.capacity),
        ),
    )
