"""The steady state of a network: its interval and latency, with a proof that they hold for ever.

A firing depends, through precedences that are the same in every frame, on firings of at most
``reach`` frames before. So once all firings of ``reach`` frames in a row are those of the frame
before plus one constant, every later frame is too: (max,+) maps commute with adding a constant.

Where upstream is a little faster than the slowest part, it takes hundreds of frames until the
channels between have filled and that happens. Then the interval T is caught from both sides:

* no execution is faster than the one without bounds on the channels, of which every part repeats;
* the bounded one with its source paced at T recurs with T, and by monotonicity an unpaced source
  makes no firing later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

import numpy as np

from ...hdl.schedule import CREDIT_LATENCY
from .execute import Execution, Late, execute, pace
from .graph import Channel, Dataflow
from .precedence import Ports, unfold


@dataclass(frozen=True)
class Steady:
    """What is known of a network that runs for ever.

    Attributes
    ----------
    cycles_per_frame : int
        Cycles between the same firing of successive frames, their mean (rounded up) where they
        alternate.
    latency_cycles : int
        A single frame into an empty network: from the cycle in which its first beat is accepted
        to the cycle in which its last beat is popped at the outside.
    frames : int
        Frames after which the proof was complete.
    paced : bool
        Whether the recurrence was shown with a paced source (see above).
    occupancy : mapping of str to int
        Per channel that does not come from outside, the most tokens claimed and not yet free.
    """

    cycles_per_frame: int
    latency_cycles: int
    frames: int
    paced: bool
    occupancy: Mapping[str, int]


class Unsettled(Exception):
    """No recurrence was found within the frames allowed."""


def recurrence(execution: Execution) -> Fraction | None:
    """Return the interval at which an execution repeats for ever, or None where that is not shown.

    The state are the starts of the last ``reach`` frames; it recurs if it is an earlier one plus a
    constant. Where frames are shorter than the depths of channels, that can take several frames:
    the interval is then their mean.
    """
    network = execution.network
    for period in range(1, network.frames - network.reach + 1):
        cycles: int | None = None
        for actor in range(len(network.durations)):
            rows = execution.by_frame(actor)
            steps = rows[-network.reach :] - rows[-network.reach - period : -period]
            if not steps.size:
                continue
            if cycles is None:
                cycles = int(steps.flat[0])
            if (steps != cycles).any():
                break
        else:
            return Fraction(cycles or 0, period)
    return None


def rates(execution: Execution) -> int | None:
    """Return the longest interval of any actor, or None unless every actor repeats its own.

    They do so for ever if nobody waits for a slower one: what came first in the last frames came
    from an actor of the same interval, and those of shorter ones fall back. Of an execution
    without bounds on channels this is a lower bound on every bounded one.
    """
    network = execution.network
    window = network.reach + 2
    if network.frames < window:
        return None
    intervals: list[int] = []
    for actor in range(len(network.durations)):
        steps = np.diff(execution.by_frame(actor)[-window:], axis=0)
        intervals.append(int(steps.flat[0]) if steps.size else 0)
        if (steps != intervals[-1]).any():
            return None
    if any(intervals[edge.source] > intervals[edge.target] for edge in network.precedences):
        return None
    return max(intervals)


def free_interval(dataflow: Dataflow, *, most_frames: int = 16) -> int:
    """Return the interval of a network whose channels hold anything, rounded up.

    Parts of different speed drift apart there, but each repeats; the slowest decides. Where the
    parts do not repeat frame by frame within ``most_frames``, the mean of the last half is taken.
    """
    frames = unfold(dataflow, 1, bounded=False).reach + 3
    execution = execute(unfold(dataflow, frames, bounded=False))
    while (interval := rates(execution)) is None and frames < most_frames:
        frames = min(2 * frames, most_frames)
        execution = execute(unfold(dataflow, frames, bounded=False))
    if interval is not None:
        return interval
    half = frames // 2
    means = (
        execution.by_frame(actor)[-1, -1] - execution.by_frame(actor)[-1 - half, -1]
        for actor in range(len(execution.starts))
        if len(execution.starts[actor])
    )
    return max(-(-int(mean) // half) for mean in means)


def paced(
    dataflow: Dataflow,
    interval: int,
    *,
    bounded: bool = True,
    frames: int | None = None,
    slack: int | None = None,
) -> Execution:
    """Execute a network whose source gives a frame every ``interval`` cycles.

    Parameters
    ----------
    frames : int, optional
        By default enough for a recurrence after two frames of run-in.
    slack : int, optional
        Give up when the last frame ends so many cycles after it began at the source.

    Raises
    ------
    Deadlock
        If it stops for ever.
    Late
        If it falls behind.
    """
    if frames is None:
        frames = unfold(dataflow, 1, bounded=bounded).reach + 3
    network = unfold(dataflow, frames, bounded=bounded)
    deadline = None if slack is None else (frames - 1) * interval + slack
    return execute(network, releases=pace(network, interval), deadline=deadline)


def sustains(dataflow: Dataflow, interval: int, *, slack: int, most_frames: int = 24) -> bool:
    """Return whether a network is proved to keep up with a frame every ``interval`` cycles.

    Raises
    ------
    Deadlock
        If it stops for ever.
    """
    frames = unfold(dataflow, 1).reach + 3
    while frames <= most_frames:
        try:
            execution = paced(dataflow, interval, frames=frames, slack=slack)
        except Late:
            return False
        found = recurrence(execution)
        if found is not None:
            return found == interval
        frames *= 2
    return False


def occupancy(dataflow: Dataflow, execution: Execution) -> dict[str, int]:
    """Return, per channel, the depth with which the same execution would just be possible."""
    ports = Ports(dataflow)
    frames = execution.network.frames
    result: dict[str, int] = {}
    for channel in dataflow.channels:
        giver = ports.giver(channel)
        if giver is None:
            continue
        gives = np.tile(giver[1].gives, frames)
        claiming = np.flatnonzero(gives)
        claims = execution.starts[giver[0]][claiming]
        claimed = np.cumsum(gives)[claiming]
        actor, takes = ports.taker(channel)
        pops = execution.starts[actor][np.flatnonzero(np.tile(takes, frames))]
        free = np.searchsorted(pops + CREDIT_LATENCY, claims, side="right")
        result[channel.name] = int((claimed - free).max(initial=0))
    return result


def pops(dataflow: Dataflow, execution: Execution, channel: Channel) -> list[int]:
    """Return the cycles in which the beats of a channel pass, one entry a beat."""
    actor, takes = Ports(dataflow).taker(channel)
    firings = np.flatnonzero(np.tile(takes, execution.network.frames))
    return [int(cycle) for cycle in execution.starts[actor][firings]]


def pushes(dataflow: Dataflow, execution: Execution, channel: Channel) -> list[int]:
    """Return the cycles in which the beats of a channel are pushed; empty from outside."""
    giver = Ports(dataflow).giver(channel)
    if giver is None:
        return []
    gives = np.tile(giver[1].gives, execution.network.frames)
    firings = np.repeat(np.arange(len(gives)), gives)
    within = np.arange(len(firings)) - (np.cumsum(gives) - gives)[firings]
    delays = np.tile(giver[1].latencies, execution.network.frames)[firings]
    return [int(c) for c in execution.starts[giver[0]][firings] + delays + within]


def latency(dataflow: Dataflow) -> int:
    """Return the latency of a single frame, see ``Steady.latency_cycles``."""
    execution = execute(unfold(dataflow, 1))
    first = min(
        pops(dataflow, execution, channel)[0]
        for channel in dataflow.channels
        if channel.source is None
    )
    last = max(
        pops(dataflow, execution, channel)[-1]
        for channel in dataflow.channels
        if channel.target is None
    )
    return last - first


def steady(dataflow: Dataflow, *, most_frames: int = 24) -> Steady:
    """Run a network until its steady state is proved.

    Parameters
    ----------
    dataflow : Dataflow
    most_frames : int
        Frames to try at most.

    Raises
    ------
    Deadlock
        If it stops for ever.
    Unsettled
        If no recurrence was found.
    """
    delay = latency(dataflow)
    frames = unfold(dataflow, 1).reach + 3
    while frames <= most_frames:
        execution = execute(unfold(dataflow, frames))
        levels = occupancy(dataflow, execution)
        interval = recurrence(execution)
        if interval is not None:
            return Steady(ceil(interval), delay, frames, False, levels)
        bound = rates(execute(unfold(dataflow, frames, bounded=False)))
        if bound is not None:
            execution = paced(dataflow, bound, frames=frames)
            if recurrence(execution) == bound:
                return Steady(bound, delay, frames, True, levels)
        frames *= 2
    raise Unsettled(f"no recurrence within {most_frames} frames")
