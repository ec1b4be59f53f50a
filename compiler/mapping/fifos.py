"""Depths of FIFOs: as shallow as the interval allows.

With a paced source and channels that hold anything, the most that a channel ever holds is a depth
with which exactly the same execution takes place. From there each FIFO is shrunk, the one with most
to save first, by bisection over its depth, while the network is still proved to keep the interval;
what the other channels held at most in a trial that kept it is all that they need from then on.

In the end no FIFO can lose an element: with less room nothing starts earlier, so a depth that was
too small for deeper FIFOs around it is too small for shallower ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...sim.dataflow.execute import Deadlock
from ...sim.dataflow.graph import Dataflow
from ...sim.dataflow.occupancy import occupancy
from ...sim.dataflow.steady import free_interval, settled
from ...sim.dataflow.trials import Trials

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
        FIFOs that can save more than this are shrunk one by one, before all others.

    Returns
    -------
    Depths
        Logical depths. Those above ``least`` are minimal together, as far as short trials tell:
        one element less in any of them makes the network slower, or stops it.
    """
    interval = free_interval(dataflow)
    free = settled(dataflow, interval)
    levels = occupancy(dataflow, free)
    depths = {name: max(least[name], level) for name, level in levels.items()}
    # The last frame may end later than in the free run, but not by an interval.
    end = max(int(starts[-1]) for starts in free.starts if len(starts))
    slack = end - (free.network.frames - 1) * interval + interval + 64
    search = _Search(Trials(dataflow, interval, slack=slack), least, depths)
    gains = {name: cost(name, depth) - cost(name, least[name]) for name, depth in depths.items()}
    order = sorted(gains, key=lambda name: (-gains[name], name))
    search.holds({})
    for name in order:
        if gains[name] > least_gain:
            search.shrink([name])
    search.shrink([name for name in order if gains[name] <= least_gain])
    return Depths(interval, search.depths)


class _Search:
    """Depths that are known to do, and trials of smaller ones."""

    def __init__(self, trials: Trials, least: Mapping[str, int], depths: Mapping[str, int]) -> None:
        self.trials = trials
        self.least = least
        self.depths = dict(depths)

    def shrink(self, names: Sequence[str]) -> None:
        """Make channels minimal: all at once if they can have their least, else half by half."""
        names = [name for name in names if self.depths[name] > self.least[name]]
        if not names or self.holds({name: self.least[name] for name in names}):
            return
        if len(names) > 1:
            half = len(names) // 2
            self.shrink(names[:half])
            self.shrink(names[half:])
            return
        (name,) = names
        low = self.least[name]
        # Mostly nothing can be saved: ask that before the bisection.
        if low + 1 < self.depths[name] and not self.holds({name: self.depths[name] - 1}):
            return
        # A trial that fails takes several times as long: few of them, at a quarter each.
        while low + 1 < self.depths[name]:
            middle = low + max(1, 3 * (self.depths[name] - low) // 4)
            if not self.holds({name: middle}):
                low = middle

    def holds(self, smaller: Mapping[str, int]) -> bool:
        """Try smaller depths, and keep them if they do."""
        trial = {**self.depths, **smaller}
        try:
            execution = self.trials.run(trial)
        except Deadlock:
            return False
        if execution is None:
            return False
        for name, level in occupancy(self.trials.dataflow, execution).items():
            self.depths[name] = max(self.least[name], min(trial[name], level))
        return True
