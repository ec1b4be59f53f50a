"""The steady state of a network: its interval and latency, with a proof that they hold for ever.

A firing depends, through precedences that are the same in every frame, on firings of at most
``reach`` frames before. So once all firings of ``reach`` frames in a row are those of the frame
before plus one constant, every later frame is too: (max,+) maps commute with adding a constant.

Where upstream is a little faster than the slowest part, it takes hundreds of frames until the
channels between have filled and that happens. Then the interval T is caught from both sides:

* no execution is faster than the one without bounds on the channels, of which every part repeats,
  nor than its busiest actor alone, where some part takes long to repeat;
* the bounded one with its source paced at T recurs with T, and by monotonicity an unpaced source
  makes no firing later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .execute import Execution, execute, pace
from .graph import Dataflow
from .occupancy import occupancy, pops
from .precedence import Network, Unfolding, unfold


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
    execution : Execution
        The one that repeats; its last ``period`` frames are the steady state.
    period : int
        Frames after which it repeats.
    """

    cycles_per_frame: int
    latency_cycles: int
    frames: int
    paced: bool
    occupancy: Mapping[str, int]
    execution: Execution
    period: int


class Unsettled(Exception):
    """No recurrence was found within the frames allowed."""


def repetition(execution: Execution) -> tuple[int, int] | None:
    """Return after how many cycles and frames an execution repeats for ever, or None.

    The state are, of every actor, the starts of as many last frames as its dependants look back; it
    recurs if it is an earlier one plus a constant. Where frames are shorter than the depths of
    channels, that can take several frames. None means that it was not shown.
    """
    network = execution.network
    for period in range(1, network.frames - network.reach + 1):
        cycles: int | None = None
        for actor, reach in enumerate(network.reaches):
            rows = execution.by_frame(actor)
            steps = rows[-reach:] - rows[-reach - period : -period]
            if not steps.size:
                continue
            if cycles is None:
                cycles = int(steps.flat[0])
            if (steps != cycles).any():
                break
        else:
            return cycles or 0, period
    return None


def recurrence(execution: Execution) -> Fraction | None:
    """Return the (mean) interval at which an execution repeats for ever, see ``repetition``."""
    found = repetition(execution)
    return None if found is None else Fraction(*found)


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


def busiest(network: Network) -> int:
    """Return the most cycles that one actor's firings of a frame take: no interval is shorter."""
    return max((int(durations.sum()) for durations in network.durations), default=0)


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
) -> Execution:
    """Execute a network whose source gives a frame every ``interval`` cycles.

    Parameters
    ----------
    frames : int, optional
        By default enough for a recurrence after two frames of run-in.

    Raises
    ------
    Deadlock
        If it stops for ever.
    """
    if frames is None:
        frames = unfold(dataflow, 1, bounded=bounded).reach + 3
    network = unfold(dataflow, frames, bounded=bounded)
    return execute(network, releases=pace(network, interval))


def settled(dataflow: Dataflow, interval: int) -> Execution:
    """Execute a paced network without bounds until as many frames are under way as ever will be.

    A frame that takes 20 intervals has 19 others behind it, which fill the channels with it.

    Parameters
    ----------
    dataflow : Dataflow
    interval : int
        Cycles between the frames of the source; at least ``free_interval``.
    """
    alone = paced(dataflow, interval, bounded=False, frames=1)
    under_way = -(-max(int(starts[-1]) for starts in alone.starts if len(starts)) // interval)
    frames = unfold(dataflow, 1, bounded=False).reach + 3 + under_way
    return paced(dataflow, interval, bounded=False, frames=frames)


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
    return int(last - first)


def steady(dataflow: Dataflow, *, doublings: int = 2) -> Steady:
    """Run a network until its steady state is proved.

    Parameters
    ----------
    dataflow : Dataflow
    doublings : int
        How often twice as many frames are tried, from few more than a firing looks back on.

    Raises
    ------
    Deadlock
        If it stops for ever.
    Unsettled
        If no recurrence was found.
    """
    delay = latency(dataflow)
    frames = unfold(dataflow, 1).reach + 3
    for _ in range(doublings + 1):
        unfolding = Unfolding(dataflow, frames)
        network = unfolding.bounded({})
        execution = execute(network)
        levels = occupancy(dataflow, execution)
        found = repetition(execution)
        if found is not None:
            cycles, period = found
            interval = -(-cycles // period)
            return Steady(interval, delay, frames, False, levels, execution, period)
        bound = rates(execute(unfolding.free)) or busiest(network)
        execution = execute(network, releases=pace(network, bound))
        found = repetition(execution)
        if found is not None and Fraction(*found) == bound:
            return Steady(bound, delay, frames, True, levels, execution, found[1])
        frames *= 2
    raise Unsettled(f"no recurrence within {frames // 2} frames")
