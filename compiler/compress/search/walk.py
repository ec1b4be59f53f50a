"""How far one stage can go: its ladder, climbed rung by rung or by bisection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..stages.base import Stage
from .events import Candidate, StageDone, StageStarted
from .judge import Base, Found, Judge

#: ``linear`` climbs until the first rung that misses the target. ``bisect`` asks the middle of what
#: is open: about log2 of the rungs, and the same answer where accuracy only falls along the ladder.
Way = Literal["bisect", "linear"]


@dataclass(frozen=True, eq=False)
class Walked:
    """The walk over one stage.

    Attributes
    ----------
    chosen : Found
        What to go on with.
    ahead : Found or None
        The furthest that holds, where the margin stepped back from it.
    tried : tuple of Found
        Every candidate, in the order of their trainings.
    trainings, broken_off : int
        Those of ``tried`` and of what the rungs started from.
    seconds : float
    """

    chosen: Found
    ahead: Found | None = None
    tried: tuple[Found, ...] = ()
    trainings: int = 0
    broken_off: int = 0
    seconds: float = 0.0


def walk(start: Found, number: int, stage: Stage, judge: Judge, way: Way, margin: int) -> Walked:
    """Walk one stage from ``start``, which holds.

    Returns
    -------
    Walked
        Chosen is the furthest rung found that holds, ``margin`` rungs back, or less far where that
        one misses the target (accuracy need not fall all along the ladder); ``start`` itself where
        nothing is left. It always holds.
    """
    ladder = stage.ladder(start.network)
    judge.watch(StageStarted(stage.name, number, ladder))
    if not ladder:
        judge.watch(StageDone(stage.name, number, start.candidate, start.candidate))
        return Walked(start)
    base = judge.base(start, number, stage)
    tried: dict[int, Found] = {}

    def at(place: int) -> Found:
        if place < 0:
            return start
        if place not in tried:
            tried[place] = judge.rung(start, base, number, stage, ladder[place])
        return tried[place]

    def holds(place: int) -> bool:
        return at(place).candidate.holds

    furthest = _FURTHEST[way](len(ladder), holds)
    place = max(-1, furthest - margin)
    while not holds(place):
        place -= 1
    judge.watch(StageDone(stage.name, number, at(furthest).candidate, at(place).candidate))
    paid: list[Base | Candidate] = [base, *(found.candidate for found in tried.values())]
    return Walked(
        chosen=at(place),
        ahead=at(furthest) if furthest > place else None,
        tried=tuple(tried.values()),
        trainings=sum(one.trainings for one in paid),
        broken_off=sum(one.broken_off for one in paid),
        seconds=sum(one.seconds for one in paid),
    )


def _linear(rungs: int, holds: Callable[[int], bool]) -> int:
    """Return the last rung before the first that misses; -1 where the first does."""
    return next((place for place in range(rungs) if not holds(place)), rungs) - 1


def _bisect(rungs: int, holds: Callable[[int], bool]) -> int:
    """Return a rung that holds and whose next one misses or is not there; -1 for none."""
    low, high = -1, rungs
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low


_FURTHEST: dict[Way, Callable[[int, Callable[[int], bool]], int]] = {
    "bisect": _bisect,
    "linear": _linear,
}
