"""How far one stage can go: its ladder, climbed rung by rung or by bisection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal

from ..stages.base import Stage
from .events import Candidate, StageDone, StageStarted
from .judge import Base, Found, Judge

if TYPE_CHECKING:
    from ..sizes import Sizes

#: ``linear`` climbs until the first rung that misses the target. ``bisect`` asks the middle of what
#: is open: about log2 of the rungs, and the same answer where accuracy only falls along the ladder.
Way = Literal["bisect", "linear"]


@dataclass(frozen=True, eq=False)
class Walked:
    """The walk over one stage.

    Attributes
    ----------
    chosen : tuple of Found
        What to go on with: the furthest that holds, then those before it, each of which holds.
    tried : tuple of Found
        Every candidate, in the order of their trainings.
    trainings, broken_off : int
        Those of ``tried`` and of what the rungs started from.
    seconds : float
    """

    chosen: tuple[Found, ...]
    tried: tuple[Found, ...] = ()
    trainings: int = 0
    broken_off: int = 0
    seconds: float = 0.0


def walk(
    start: Found,
    number: int,
    stage: Stage,
    judge: Judge,
    way: Way,
    *,
    least: float,
    back: int = 0,
    beyond: float = -inf,
    needed: bool = False,
    size: Callable[[Sizes], float] | None = None,
    worth: float = 0.0,
) -> Walked:
    """Walk one stage from ``start``, which holds.

    Parameters
    ----------
    start : Found
    number : int
        Which stage of the search it is, from 0.
    stage : Stage
    judge : Judge
    way : "bisect" or "linear"
    least : float
        What a rung's score must be as well, where it holds the target: the standard error makes
        sure of the end, and need not make sure of the room that is left on the way.
    back : int
        How many rungs before the furthest to offer as well.
    beyond : float
        Only rungs of a larger amount are asked.
    needed : bool
        Whether a rung must be taken: the first one then has to hold the target only.
    size : function of Sizes, or None
    worth : float
        Share of the size that the furthest rung must save to be taken before an earlier one that
        holds: accuracy is not spent on less. Needs ``size``.

    Returns
    -------
    Walked
        Furthest is the furthest rung found that holds, or ``start`` itself; rungs before it that
        miss (accuracy need not fall all along the ladder) are not offered.
    """
    ladder = tuple(rung for rung in stage.ladder(start.network) if rung.amount > beyond)
    judge.watch(StageStarted(stage.name, number, ladder))
    if not ladder:
        judge.watch(StageDone(stage.name, number, start.candidate, start.candidate))
        return Walked((start,))
    base = judge.base(start, number, stage)
    tried: dict[int, Found] = {}

    def at(place: int) -> Found:
        if place < 0:
            return start
        if place not in tried:
            tried[place] = judge.rung(start, base, number, stage, ladder[place])
        return tried[place]

    def holds(place: int) -> bool:
        candidate = at(place).candidate
        enough = candidate.score.value >= least or (needed and place == 0)
        return place < 0 or (candidate.holds and enough)

    furthest = _FURTHEST[way](len(ladder), holds)
    nearest = 0 if needed else -1
    if size is not None and worth:
        most = size(at(furthest).candidate.sizes) / (1 - worth)
        asked = (place for place in sorted({-1, *tried}) if nearest <= place < furthest)
        near = (place for place in asked if size(at(place).candidate.sizes) <= most)
        furthest = next((place for place in near if holds(place)), furthest)
    before = [at(place) for place in range(furthest - 1, max(furthest - back, nearest) - 1, -1)]
    chosen = (at(furthest), *(found for found in before if found.candidate.holds))
    judge.watch(StageDone(stage.name, number, chosen[0].candidate, chosen[-1].candidate))
    paid: list[Base | Candidate] = [base, *(found.candidate for found in tried.values())]
    return Walked(
        chosen=chosen,
        tried=tuple(tried.values()),
        trainings=sum(one.trainings for one in paid),
        broken_off=sum(one.broken_off for one in paid),
        seconds=sum(one.seconds for one in paid),
    )


def amount_of(found: Found, number: int) -> float:
    """Return how far a network went in one stage of the search; -inf where it was left out."""
    amounts = [step.rung.amount for step in found.candidate.steps if step.number == number]
    return amounts[0] if amounts else -inf


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
