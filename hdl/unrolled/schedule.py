"""When the unrolled engine takes and gives beats."""

from __future__ import annotations

import numpy as np

from ..schedule import (
    CREDIT_LATENCY,
    FIFO_LATENCY,
    Actor,
    InputPort,
    Link,
    OutputPort,
    Schedule,
    repeat,
)
from .params import UnrolledParams
from .steps import completing, steps

WINDOW_LATENCY = 2
"""Cycles from a step to its window at the network's inputs."""


def latency(params: UnrolledParams) -> int:
    """Return the cycles to the push of a window's first beat.

    From the step that completes the window where it is not held or ``duration`` is 1, else from the
    firing that computes it. Serial sums add the register of the digit and the digits themselves,
    merged planes one cycle a merge, and bursts the cycles in which their beats are put in order.
    """
    serial = 1 + params.digits if params.digit else 0
    hold = 2 if params.regrouped else int(params.burst > 1)
    if params.planes:
        return len(params.blocks) + params.depth + serial + hold
    if params.duration == 1:
        return WINDOW_LATENCY + params.depth + serial + hold
    return WINDOW_LATENCY - 1 + params.depth + serial + hold


def schedule(params: UnrolledParams) -> Schedule:
    """Return the schedule: packing (with a FIFO), steps of the window, and its windows' sums.

    A step takes a pixel, or a beat of it where there is no FIFO, or nothing after the last pixel.
    Where a window takes a single cycle, or is not held, the step claims its output.
    """
    window = params.window
    pixels = window.height * window.width
    ratio = window.channels // window.beat.lanes
    packed = repeat(0, window.beats)
    packed[ratio - 1 :: ratio] = 1
    emits = repeat(0, steps(window))
    emits[completing(window)] = 1
    takes = repeat(1, pixels)
    if not params.places:
        # Every beat is a firing; the last of a pixel is the step.
        emits, old = repeat(0, window.beats + len(emits) - pixels), emits
        emits[ratio - 1 : window.beats : ratio] = old[:pixels]
        emits[window.beats :] = old[pixels:]
        takes = repeat(1, window.beats)
    takes = np.concatenate([takes, repeat(0, len(emits) - len(takes))])
    actors = [Actor(repeat(1, len(emits)))]
    links: list[Link] = []
    stepper = 0
    if params.places:
        actors.insert(0, Actor(repeat(1, window.beats)))
        stepper = 1
        links += [
            Link(0, packed, 1, takes, FIFO_LATENCY),
            Link(1, takes, 0, packed, CREDIT_LATENCY, params.places),
        ]
        takes = repeat(1, window.beats)
    giver, gives = stepper, emits
    if params.duration > 1:
        if not params.planes:
            giver = stepper + 1
        windows = int(emits.sum())
        actors.append(Actor(repeat(params.duration, windows)))
        each = repeat(1, windows)
        links += [
            Link(stepper, emits, stepper + 1, each, 1),
            Link(stepper + 1, each, stepper, emits, params.duration - 1, 1),
        ]
        gives = params.burst * emits if params.planes else repeat(params.burst, windows)
    return Schedule(
        actors=tuple(actors),
        inputs=(InputPort(0, takes),),
        outputs=(OutputPort(giver, gives, latency(params), params.duration),),
        links=tuple(links),
    )
