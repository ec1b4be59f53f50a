"""When the skipping engine takes and gives beats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..fifo.params import FifoParams, FifoStyle
from ..schedule import (
    CREDIT_LATENCY,
    Actor,
    Counts,
    InputPort,
    Link,
    OutputPort,
    Schedule,
    repeat,
)
from ..window.params import SMALL_RING
from ..window.schedule import DATA_LATENCY, consumed, released, trailing
from .params import SkippingParams

READ_CYCLES = 5
"""Cycles from a step to its inputs: index memory, its register, place, ring, input register."""


DRAIN_LATENCY = 2
"""Cycles from the reading of a result that waited to its push: memory, register."""


def latencies(params: SkippingParams) -> tuple[int, ...]:
    """Return, per group, the cycles from the start of a firing to the push of its first beat.

    Or, where results wait, of the first word of them. One to the first step, the steps, the reading
    of the last one, the sum of its products, the accumulator, and where a firing gives several the
    register that holds them.
    """
    hold = 1 if params.pushes > 1 else 0
    return tuple(steps + READ_CYCLES + params.dot.stages + 1 + hold for steps in params.steps)


def space_latency(params: SkippingParams) -> int:
    """Return the cycles from a window's last firing until the places that it releases are free."""
    return params.steps[-1] + 3


def waiting(params: SkippingParams) -> FifoParams:
    """Return the ring of results that wait: so deep that it never slows the engine down.

    Two sets of windows: the last window of one leaves while the next one is computed. Where sets
    are small, what is claimed from the start of a firing until its last result has left.
    """
    filters = params.out_channels // params.out.lanes
    computed = max(latencies(params)) - max(params.steps)
    depth = max(2 * filters, computed + params.pushes + DRAIN_LATENCY)
    style: FifoStyle = "auto" if depth <= SMALL_RING else "block"
    return FifoParams(params.pixels * params.out.width, depth, params.pushes, style)


def schedule(params: SkippingParams) -> Schedule:
    """Return the schedule: a firing computes one group of filters for one window.

    Or for ``pixels`` windows, whose results may wait.
    """
    return _waiting(params) if params.waits else _direct(params)


def _direct(params: SkippingParams) -> Schedule:
    """Return the schedule of results that leave as they are computed."""
    window = params.window
    groups = window.groups
    windows = window.out_height * window.sets
    writes = window.beats + trailing(window)
    takes, completes = repeat(1, writes), repeat(1, writes)
    takes[window.beats :] = 0
    completes[: window.beats] = 0
    ratio = window.lanes // window.beat.lanes
    completes[ratio - 1 : window.beats : ratio] = 1
    waits, unused = consumed(window)
    consumes, releases = repeat(0, windows * groups), repeat(0, windows * groups)
    consumes[::groups] = waits
    releases[groups - 1 :: groups] = released(window)
    durations = np.tile(np.array(params.steps, dtype=np.int64), windows)
    delays = np.tile(np.array(latencies(params), dtype=np.int64), windows)
    return Schedule(
        actors=(Actor(repeat(1, writes)), Actor(durations)),
        inputs=(InputPort(0, takes),),
        outputs=(OutputPort(1, repeat(params.beats, windows * groups), delays),),
        links=(
            Link(0, completes, 1, consumes, DATA_LATENCY, unused),
            Link(1, releases, 0, completes, space_latency(params), window.capacity),
        ),
    )


def _waiting(params: SkippingParams) -> Schedule:
    """Return the schedule of results that wait: actor 2 gives them, window by window.

    A firing of the engine is two, so that what it does at its end does not depend on its length:
    one of all its steps but the last, one of that. The first window's results are waited for; those
    of the others came with them. The places of a set are free as its last window has left.
    """
    plain = _direct(params)
    ring, space = plain.links
    ends = latencies(params)[0] - params.steps[0]
    firings = len(plain.actors[1].durations)
    filters = params.out_channels // params.out.lanes
    set_of_beats = np.arange(firings * params.beats) % (params.pixels * filters)
    of_first = (set_of_beats < filters).astype(np.int64)
    of_last = (set_of_beats >= (params.pixels - 1) * filters).astype(np.int64)
    durations = np.ravel(np.column_stack((plain.actors[1].durations - 1, repeat(1, firings))))
    words = repeat(params.pushes, firings)
    return Schedule(
        actors=(plain.actors[0], Actor(durations), Actor(repeat(1, len(set_of_beats)))),
        inputs=plain.inputs,
        outputs=(OutputPort(2, repeat(1, len(set_of_beats)), DRAIN_LATENCY),),
        links=(
            replace(ring, consumes=_first(ring.consumes)),
            replace(
                space,
                produces=_last(space.produces),
                latency=space.latency - (params.steps[-1] - 1),
            ),
            # A word can be read in the cycle after its push.
            Link(1, _last(words), 2, of_first, 1 + ends + 1),
            Link(2, of_last, 1, _first(words), CREDIT_LATENCY, waiting(params).depth),
        ),
    )


def _first(counts: Counts) -> Counts:
    """Return what firings do in their first part."""
    return np.ravel(np.column_stack((counts, np.zeros_like(counts))))


def _last(counts: Counts) -> Counts:
    """Return what firings do in their last part."""
    return np.ravel(np.column_stack((np.zeros_like(counts), counts)))
