"""What passes through the channels of an execution, and how full they are over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...hdl.schedule import CREDIT_LATENCY, FIFO_LATENCY, Counts
from .execute import Execution
from .graph import Channel, Dataflow
from .precedence import Ports


@dataclass(frozen=True, eq=False)
class Level:
    """A count over time: ``counts[i]`` from ``cycles[i]`` on, until ``cycles[i + 1]``.

    Attributes
    ----------
    cycles : int64 (n,)
        Strictly ascending. Before the first one the count is 0.
    counts : int64 (n,)
    """

    cycles: Counts
    counts: Counts

    @property
    def most(self) -> int:
        """The largest count."""
        return int(self.counts.max(initial=0))

    def at(self, cycle: int) -> int:
        """Return the count in a cycle."""
        place = int(self.cycles.searchsorted(cycle, side="right")) - 1
        return int(self.counts[place]) if place >= 0 else 0

    def mean(self, first: int, end: int) -> float:
        """Return the mean count over the cycles ``first`` … ``end - 1``."""
        low, high = self.cycles.searchsorted((first + 1, end))
        edges = np.concatenate([[first], self.cycles[low:high], [end]])
        counts = np.concatenate([[self.at(first)], self.counts[low:high]])
        return float((counts * np.diff(edges)).sum() / (end - first))


def pops(dataflow: Dataflow, execution: Execution, channel: Channel) -> Counts:
    """Return the cycles in which the beats of a channel pass, one entry a beat."""
    actor, takes = Ports(dataflow).taker(channel)
    return execution.starts[actor][np.flatnonzero(np.tile(takes, execution.network.frames))]


def pushes(dataflow: Dataflow, execution: Execution, channel: Channel) -> Counts:
    """Return the cycles in which the beats of a channel are pushed; empty from outside."""
    giver = Ports(dataflow).giver(channel)
    if giver is None:
        return np.zeros(0, dtype=np.int64)
    frames = execution.network.frames
    gives = np.tile(giver[1].gives, frames)
    firings = np.repeat(np.arange(len(gives)), gives)
    within = np.arange(len(firings)) - (np.cumsum(gives) - gives)[firings]
    delays = np.tile(giver[1].latencies, frames)[firings]
    return execution.starts[giver[0]][firings] + delays + within


def claims(dataflow: Dataflow, execution: Execution, channel: Channel) -> Counts:
    """Return the cycles in which slots of a channel are claimed, one entry a slot."""
    giver = Ports(dataflow).giver(channel)
    if giver is None:
        return np.zeros(0, dtype=np.int64)
    gives = np.tile(giver[1].gives, execution.network.frames)
    return np.repeat(execution.starts[giver[0]], gives)


def slots(dataflow: Dataflow, execution: Execution, channel: Channel) -> Level:
    """Return the slots of a channel that are claimed and not free again, over time.

    A slot counts from the cycle of its claim to the last one in which it cannot be claimed again:
    the largest count is the depth with which the same execution would just be possible.
    """
    taken = claims(dataflow, execution, channel)
    given = pops(dataflow, execution, channel) + CREDIT_LATENCY
    return _level(taken, given)


def valid(dataflow: Dataflow, execution: Execution, channel: Channel) -> Level:
    """Return the tokens of a channel that can be popped, over time.

    A token counts from the first cycle in which it may be popped to the one in which it is.
    """
    there = pushes(dataflow, execution, channel) + FIFO_LATENCY
    gone = pops(dataflow, execution, channel) + 1
    return _level(there, gone)


def occupancy(dataflow: Dataflow, execution: Execution) -> dict[str, int]:
    """Return, per channel, the depth with which the same execution would just be possible."""
    return {
        channel.name: most_slots(dataflow, execution, channel)
        for channel in dataflow.channels
        if channel.source is not None
    }


def most_slots(dataflow: Dataflow, execution: Execution, channel: Channel) -> int:
    """Return the maximum of ``slots`` without making the steps."""
    taken = claims(dataflow, execution, channel)
    given = pops(dataflow, execution, channel) + CREDIT_LATENCY
    free = given.searchsorted(taken, side="right")
    return int((np.arange(1, len(taken) + 1) - free).max(initial=0))


def _level(up: Counts, down: Counts) -> Level:
    """Return the running count of what comes at ``up`` and goes at ``down``, both ascending."""
    cycles = np.unique(np.concatenate([up, down]))
    counts = up.searchsorted(cycles, side="right") - down.searchsorted(cycles, side="right")
    changed = np.diff(counts, prepend=0) != 0
    return Level(cycles[changed], counts[changed].astype(np.int64))
