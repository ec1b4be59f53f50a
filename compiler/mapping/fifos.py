"""Depths of FIFOs: as shallow as the interval allows.

With a paced source and channels that hold anything, the most that a channel ever holds is a depth
with which exactly the same execution takes place. From there each FIFO whose cost matters is
shrunk, the one with most to save first, by bisection over the depths at which its cost falls, while
the network is still proved to keep the interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from ...sim.dataflow.execute import Deadlock
from ...sim.dataflow.graph import Dataflow
from ...sim.dataflow.steady import free_interval, occupancy, paced, sustains

Cost = Callable[[str, int], float]


@dataclass(frozen=True)
class Depths:
    """Depths by channel, and the interval that they were found for."""

    interval: int
    depths: Mapping[str, int]


def size_fifos(
    dataflow: Dataflow,
    least: Mapping[str, int],
    cost: Cost,
    *,
    least_gain: float = 0.0,
) -> Depths:
    """Find depths with which a network is as fast as without bounds.

    Parameters
    ----------
    dataflow : Dataflow
        Its own depths are not used.
    least : mapping of str to int
        Per channel behind a unit: the depth below which nothing is gained.
    cost : callable (channel, depth) -> float
        What a FIFO takes, ascending with depth.
    least_gain : float
        FIFOs that cannot save more than this are left as they are.
    """
    interval = free_interval(dataflow)
    free = paced(dataflow, interval, bounded=False)
    levels = occupancy(dataflow, free)
    depths = {name: max(least[name], level) for name, level in levels.items()}
    # The last frame may end later than in the free run, but not by half an interval.
    end = max(int(starts[-1]) for starts in free.starts if len(starts))
    slack = end - (free.network.frames - 1) * interval + interval // 2 + 64

    def holds(others: Mapping[str, int], name: str, depth: int) -> bool:
        trial = dataflow.with_depths({**others, name: depth})
        try:
            return sustains(trial, interval, slack=slack)
        except Deadlock:
            return False

    gains = {name: cost(name, depth) - cost(name, least[name]) for name, depth in depths.items()}
    for name in sorted(gains, key=lambda name: (-gains[name], name)):
        if gains[name] <= least_gain:
            break
        steps = _steps(partial(cost, name), least[name], depths[name])
        depths[name] = _shallowest(steps, partial(holds, depths, name))
    return Depths(interval, depths)


def _steps(cost: Callable[[int], float], low: int, high: int) -> list[int]:
    """Return the deepest depths of every cost from ``low`` to ``high``, ascending."""
    steps = [high]
    while steps[-1] > low:
        # Bisection for the deepest depth that is cheaper than the last one.
        here = cost(steps[-1])
        if cost(low) >= here:
            break
        lower, upper = low, steps[-1]
        while upper - lower > 1:
            middle = (lower + upper) // 2
            lower, upper = (middle, upper) if cost(middle) < here else (lower, middle)
        steps.append(lower)
    return steps[::-1]


def _shallowest(steps: list[int], holds: Callable[[int], bool]) -> int:
    """Return the first of ascending depths that holds, by bisection; the last one is known to."""
    low, high = 0, len(steps) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(steps[middle]) else (middle + 1, high)
    return steps[high]
