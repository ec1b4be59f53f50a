"""The full grid: every combination of rungs, really trained, to measure what a search saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..network import Network
from ..sizes import Sizes
from ..stages.base import Stage
from .events import Candidate, SearchDone, SearchStarted, StageStarted
from .judge import Base, Found, Judge
from .margin import Outcome


def grid_search(
    network: Network,
    stages: Sequence[Stage],
    judge: Judge,
    size: Callable[[Sizes], float],
) -> Outcome:
    """Train every combination of rungs and choose the smallest network that holds.

    Every stage is applied at each of its rungs and left out once, on every network of the stage
    before, whether that holds or not. Combinations that begin alike share their beginning: n rungs
    in each of three stages are ``n + (n + 1) n + (n + 1)**2 n`` trainings, and those that stages
    start from (see ``Stage.base``).

    Parameters
    ----------
    network : Network
    stages : sequence of Stage
    judge : Judge
    size : function of Sizes
        What the best network has least of; of equal ones the first of the highest score wins.

    Raises
    ------
    UsageError
        If the network itself misses the target.
    """
    start = judge.original(network)
    names = tuple(stage.name for stage in stages)
    judge.watch(SearchStarted(names, judge.target, start.candidate))
    best = start
    candidates: list[Candidate] = []
    bases: list[Base] = []
    for found in _combinations(start, 0, stages, judge, bases):
        candidates.append(found.candidate)
        if found.candidate.holds:
            best = min(best, found, key=lambda one: _rank(one, size))
    paid: list[Candidate | Base] = [*candidates, *bases]
    trainings = sum(one.trainings for one in paid)
    broken_off = sum(one.broken_off for one in paid)
    seconds = sum(one.seconds for one in paid)
    judge.watch(SearchDone(best.candidate, trainings, broken_off, seconds))
    return Outcome(start.candidate, best, tuple(candidates), trainings, broken_off, seconds)


def _combinations(
    start: Found, number: int, stages: Sequence[Stage], judge: Judge, bases: list[Base]
) -> Iterator[Found]:
    """Yield every candidate behind ``start``, depth first; what they start from goes to ``bases``.

    One network a stage is in memory at a time.
    """
    if number == len(stages):
        return
    stage = stages[number]
    ladder = stage.ladder(start.network)
    judge.watch(StageStarted(stage.name, number, ladder))
    yield from _combinations(start, number + 1, stages, judge, bases)
    if not ladder:
        return
    base = judge.base(start, number, stage)
    bases.append(base)
    for rung in ladder:
        found = judge.rung(start, base, number, stage, rung)
        yield found
        yield from _combinations(found, number + 1, stages, judge, bases)


def _rank(found: Found, size: Callable[[Sizes], float]) -> tuple[float, float]:
    return size(found.candidate.sizes), -found.candidate.score.value
