"""Exact execution of a network by (max,+) scans over arrays of firing times.

The start of firing k of an actor with durations d is ``max(ready[k], start[k-1] + d[k-1])``; with
D the running sum of d, ``start - D`` is the running maximum of ``ready - D``: one ``accumulate``.
Cycles of precedences (rings, bounded channels) make it a least fixed point, iterated from below
over windows of time: what starts inside a window depends only on what starts before its end, so
the rest of the firings is left alone until its turn comes. Rings that go round many times in a
window cost an evaluation each time, short windows cost evaluations of few firings: a window is
widened while every actor is evaluated a few times only, and narrowed where it takes many.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...hdl.schedule import Counts
from .precedence import Network, Precedence

WIDEN, NARROW = 4, 12
"""Evaluations per actor up to which the next window is twice as wide, or above which it is half."""

NARROWEST = 256
"""Cycles of the narrowest window."""


class Deadlock(Exception):
    """No firing can ever start again.

    Attributes
    ----------
    cycle : int
        After the last start of a firing.
    full, empty : tuple of str
        Channels of the cyclic wait that have no free slot, and those without a token.
    """

    def __init__(self, cycle: int, full: tuple[str, ...], empty: tuple[str, ...]) -> None:
        super().__init__(
            f"everything waits from cycle {cycle} on: no free slot in "
            f"{', '.join(full) or 'no channel'}, no token in {', '.join(empty) or 'no channel'}"
        )
        self.cycle = cycle
        self.full = full
        self.empty = empty


class Late(Exception):
    """The deadline went by before the last firing."""


@dataclass(frozen=True, eq=False)
class Execution:
    """Start times of all firings.

    Attributes
    ----------
    network : Network
    starts : tuple of int64 arrays
        Per actor, ``frames × firings`` cycles, ascending.
    """

    network: Network
    starts: tuple[Counts, ...]

    def by_frame(self, actor: int) -> Counts:
        """Return an actor's starts as (frames, firings)."""
        return self.starts[actor].reshape(self.network.frames, -1)


def execute(
    network: Network,
    *,
    releases: Sequence[tuple[int, Counts, Counts]] = (),
    deadline: int | None = None,
    window: int | None = None,
) -> Execution:
    """Return when every firing starts.

    Parameters
    ----------
    network : Network
    releases : sequence of (actor, firings, times)
        Firings (ascending) that must not start before a time (ascending): a paced source.
    deadline : int, optional
        Give up when firings are left in this cycle.
    window : int, optional
        Cycles of the first window; the result does not depend on it.

    Raises
    ------
    Deadlock
        If firings are left that can never start.
    Late
        If firings are left at ``deadline``.
    """
    return _Run(network, releases).run(deadline, window)


def pace(network: Network, interval: int) -> list[tuple[int, Counts, Counts]]:
    """Return releases that spread the beats of a frame evenly over ``interval`` cycles."""
    result = []
    for actor, firings in network.sources:
        count = len(network.durations[actor])
        frames = np.arange(network.frames)[:, None]
        beats = np.arange(len(firings))[None, :]
        times = (frames * len(firings) + beats) * interval // max(1, len(firings))
        result.append((actor, (firings[None, :] + frames * count).ravel(), times.ravel()))
    return result


class _Run:
    """One execution: the window in hand and how far every actor is."""

    def __init__(self, network: Network, releases: Sequence[tuple[int, Counts, Counts]]) -> None:
        self.network = network
        count = len(network.durations)
        frames = network.frames
        self.elapsed = [
            np.concatenate([[0], np.cumsum(np.tile(one, frames))]) for one in network.durations
        ]
        self.total = [len(one) - 1 for one in self.elapsed]
        self.starts = [np.zeros(total, dtype=np.int64) for total in self.total]
        self.incoming: list[list[Precedence]] = [[] for _ in range(count)]
        dependants: list[set[int]] = [set() for _ in range(count)]
        for edge in network.precedences:
            self.incoming[edge.target].append(edge)
            dependants[edge.source].add(edge.target)
        self.dependants = [sorted(one) for one in dependants]
        self.releases: dict[int, tuple[Counts, Counts]] = {
            actor: (firings, times) for actor, firings, times in releases
        }
        # Firings below `low` are final; those from `high` on start after the window.
        self.low = [0] * count
        self.high = [0] * count
        self.begin = 0
        self.end = 0

    def run(self, deadline: int | None, window: int | None) -> Execution:
        if window is None:
            longest = max((int(one[-1]) for one in self.elapsed), default=0)
            window = max(NARROWEST, longest // (8 * self.network.frames))
        patience = self._patience()
        idle = 0
        while any(low < total for low, total in zip(self.low, self.total, strict=True)):
            if deadline is not None and self.begin >= deadline:
                raise Late
            self.end = self.begin + window
            if deadline is not None:
                self.end = min(self.end, deadline)
            before = sum(self.low)
            active, evaluations = self._settle()
            idle = 0 if sum(self.low) > before else idle + self.end - self.begin
            self.begin = self.end
            if idle > patience and not self._awaited():
                raise self._deadlock()
            if evaluations > NARROW * active:
                window = max(NARROWEST, window // 2)
            elif evaluations <= WIDEN * active:
                window *= 2
        return Execution(self.network, tuple(self.starts))

    def _patience(self) -> int:
        """Cycles without any start after which none can come any more."""
        longest = max((int(one.max()) for one in self.network.durations if len(one)), default=1)
        delays = (int(e.delays.max()) for e in self.network.precedences if len(e.delays))
        return longest + max(delays, default=0)

    def _awaited(self) -> bool:
        """Whether a firing is next that was not released yet."""
        for actor, (firings, times) in self.releases.items():
            place = int(np.searchsorted(firings, self.low[actor]))
            if place < len(times) and int(times[place]) >= self.begin:
                return True
        return False

    def _settle(self) -> tuple[int, int]:
        """Find the fixed point of all starts in the window; return the actors and evaluations."""
        queue: deque[int] = deque()
        for actor, low in enumerate(self.low):
            self.high[actor] = low
            if low == self.total[actor]:
                continue
            first = max(self.begin, self._free(actor))
            elapsed = self.elapsed[actor]
            if first < self.end:
                limit = int(elapsed[low]) + self.end - first
                high = min(int(elapsed.searchsorted(limit)), self.total[actor])
                self.high[actor] = high
                self.starts[actor][low:high] = elapsed[low:high] + (first - elapsed[low])
                queue.append(actor)
        queued = set(queue)
        active = len(queue)
        evaluations = 0
        # One after the other in turn: a ring that goes round often does not ask its neighbours as
        # often, and several go round side by side.
        while queue:
            evaluations += 1
            actor = queue.popleft()
            queued.discard(actor)
            if self._update(actor):
                for other in self.dependants[actor]:
                    if other not in queued and self.high[other] > self.low[other]:
                        queued.add(other)
                        queue.append(other)
        self.low = list(self.high)
        return active, evaluations

    def _free(self, actor: int) -> int:
        """First cycle in which the actor is free for its next firing."""
        low = self.low[actor]
        if low == 0:
            return 0
        elapsed = self.elapsed[actor]
        return int(self.starts[actor][low - 1] + elapsed[low] - elapsed[low - 1])

    def _update(self, actor: int) -> bool:
        """Evaluate one actor's starts in the window; return whether they changed."""
        low, high = self.low[actor], self.high[actor]
        ready = np.full(high - low, self.begin, dtype=np.int64)
        if actor in self.releases:
            firings, times = self.releases[actor]
            i, j = firings.searchsorted((low, high))
            ready[firings[i:j] - low] = np.maximum(self.begin, times[i:j])
        for edge in self.incoming[actor]:
            firings = edge.firings
            if edge.dense:
                origin = int(firings[0]) if len(firings) else 0
                i = min(max(low - origin, 0), len(firings))
                j = min(max(high - origin, i), len(firings))
            else:
                i, j = (int(n) for n in firings.searchsorted((low, high)))
            known = i + int(edge.after[i:j].searchsorted(self.high[edge.source]))
            if known < j:
                high = int(firings[known])
            if known > i:
                times = self.starts[edge.source][edge.after[i:known]] + edge.delays[i:known]
                if edge.dense:
                    part = ready[int(firings[i]) - low : int(firings[i]) - low + known - i]
                    np.maximum(part, times, out=part)
                else:
                    places = firings[i:known] - low
                    ready[places] = np.maximum(ready[places], times)
        if high == low:
            changed = self.high[actor] > low
            self.high[actor] = low
            return changed
        elapsed = self.elapsed[actor][low:high]
        ready = ready[: high - low]
        ready[0] = max(int(ready[0]), self._free(actor))
        ready -= elapsed
        np.maximum.accumulate(ready, out=ready)
        ready += elapsed
        high = low + int(ready.searchsorted(self.end))
        now = self.starts[actor][low:high]
        changed = high < self.high[actor] or not np.array_equal(now, ready[: high - low])
        self.starts[actor][low:high] = ready[: high - low]
        self.high[actor] = high
        return changed

    def _deadlock(self) -> Deadlock:
        """Follow who waits for whom until the wait closes, and name its channels."""
        actor = next(actor for actor, low in enumerate(self.low) if low < self.total[actor])
        trail: list[int] = []
        waits: list[Precedence] = []
        while actor not in trail:
            trail.append(actor)
            edge = self._blocker(actor)
            waits.append(edge)
            actor = edge.source
        waits = waits[trail.index(actor) :]
        full = sorted({edge.channel for edge in waits if edge.channel and edge.credit})
        empty = sorted({edge.channel for edge in waits if edge.channel and not edge.credit})
        last = (int(one[low - 1]) for one, low in zip(self.starts, self.low, strict=True) if low)
        return Deadlock(max(last, default=-1) + 1, tuple(full), tuple(empty))

    def _blocker(self, actor: int) -> Precedence:
        """Return a precedence that the actor's next firing waits for."""
        for edge in self.incoming[actor]:
            place = int(np.searchsorted(edge.firings, self.low[actor]))
            if (
                place < len(edge.firings)
                and edge.firings[place] == self.low[actor]
                and edge.after[place] >= self.low[edge.source]
            ):
                return edge
        raise RuntimeError(f"{self.network.labels[actor]} must wait for something")
