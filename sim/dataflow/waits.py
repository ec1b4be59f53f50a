"""Who waits for whom in the steady state, and who is the slowest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .execute import Execution
from .precedence import Precedence
from .steady import Steady


@dataclass(frozen=True)
class Waits:
    """Shares of time in the steady state, 0 … 1.

    Attributes
    ----------
    stalled : mapping of str to float
        Per channel: its producer is free and finds no free slot in it.
    starved : mapping of str to float
        Per channel: its consumer is free and finds no token in it.
    work : mapping of str to float
        Per process: its busiest actor is in a firing.
    """

    stalled: Mapping[str, float]
    starved: Mapping[str, float]
    work: Mapping[str, float]

    @property
    def bottleneck(self) -> str:
        """The process that works most; the first of equals."""
        return max(self.work, key=lambda name: self.work[name])


def waits(steady: Steady) -> Waits:
    """Return the waits of the last frames of a steady state, of all that the proof covers."""
    execution = steady.execution
    network = execution.network
    cycles = steady.cycles_per_frame * steady.period
    stalled: dict[str, float] = {}
    starved: dict[str, float] = {}
    for edge in network.precedences:
        if edge.channel is not None:
            share = _wait(execution, edge, steady.period) / cycles
            (stalled if edge.credit else starved)[edge.channel] = share
    work: dict[str, float] = {}
    for label, durations in zip(network.labels, network.durations, strict=True):
        share = int(durations.sum()) / steady.cycles_per_frame
        # A sink, which is labelled with its channel, is the outside.
        if label not in starved:
            work[label] = max(work.get(label, 0.0), share)
    return Waits(stalled, starved, work)


def _wait(execution: Execution, edge: Precedence, period: int) -> int:
    """Return the cycles of the last frames in which the target is free and the edge holds it."""
    durations = execution.network.durations[edge.target]
    first = (execution.network.frames - period) * len(durations)
    low = int(edge.firings.searchsorted(max(first, 1)))
    firings = edge.firings[low:]
    ready = execution.starts[edge.source][edge.after[low:]] + edge.delays[low:]
    starts = execution.starts[edge.target]
    free = starts[firings - 1] + durations[(firings - 1) % len(durations)]
    return int(np.maximum(ready - free, 0).sum())
