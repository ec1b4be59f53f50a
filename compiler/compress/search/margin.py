"""Margin search: stage after stage, each as far as the target allows, less a margin.

After Tian, Yamagiwa and Wada, IEEE Access 2024. Its cost grows with the sum of the ladders'
lengths (their logarithms, with bisection), that of the full grid with their product.

How much room later stages need is not known beforehand, and one rung says little about it: where
rungs cost nothing, a step back gives away what later stages do not miss; where one costs all, a
step is not enough. Therefore room is kept in accuracy, not in rungs, up to the last but one stage
(``reserve``); from there the last stage is walked from where it stops and from ``margin`` rungs
before, and the smallest result is taken. Measured against full grids this found smaller networks
than steps back after every stage, with as many trainings (tests/benchmarks/compress_grid.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from ....runtime.errors import UsageError
from ..network import Network
from ..stages.base import Stage
from .events import Candidate, SearchDone, SearchStarted
from .judge import Found, Judge
from .walk import Walked, Way, amount_of, walk

if TYPE_CHECKING:
    from ..sizes import Sizes


@dataclass(frozen=True, eq=False)
class Outcome:
    """The end of a search.

    Attributes
    ----------
    original : Candidate
    chosen : Found
        The network to go on with; it holds.
    candidates : tuple of Candidate
        All that were judged, in the order of their trainings, without the original.
    trainings : int
        All trainings: of candidates and of what stages start from, restored ones included.
    broken_off : int
        Trainings that a killed run had begun and that were done again.
    seconds : float
        Wall-clock time of ``trainings``.
    """

    original: Candidate
    chosen: Found
    candidates: tuple[Candidate, ...]
    trainings: int
    broken_off: int
    seconds: float


def deflated(sizes: Sizes) -> float:
    """Return the bits after DEFLATE: what falls with every stage."""
    return sizes.deflate


def no_rung_holds(stage: Stage, target: float) -> UsageError:
    """Return the refusal of a search in which a stage that is needed finds no rung."""
    return UsageError(
        f"stage {stage.name} must have a step that holds the target {target:.4f} with one standard "
        "error subtracted, and none was found; train longer (--epochs) or choose a lower target"
    )


def margin_search(
    network: Network,
    stages: Sequence[Stage],
    judge: Judge,
    *,
    size: Callable[[Sizes], float] = deflated,
    margin: int = 1,
    reserve: float = 0.5,
    worth: float = 0.03,
    way: Way = "bisect",
    needed: Sequence[Stage] = (),
) -> Outcome:
    """Walk the stages in order, each on what the one before left.

    Parameters
    ----------
    network : Network
    stages : sequence of Stage
    judge : Judge
    size : function of Sizes
        What the result has least of, of all that the last stage reaches from its starts.
    margin : int
        How many rungs before the furthest of the last but one stage are starts of the last one.
    reserve : float
        Share of the accuracy that may be lost, 0 … 1, which all but the last two stages leave.
    worth : float
        Share of the size that a rung of these stages must save, or an earlier one is taken.
    way : "bisect" or "linear"
    needed : sequence of Stage
        Those of ``stages`` that must take a rung: without one the search ends there.

    Raises
    ------
    UsageError
        If the network itself misses the target, or no rung of a stage that is needed holds it.
    """
    start = judge.original(network)
    names = tuple(stage.name for stage in stages)
    judge.watch(SearchStarted(names, judge.target, start.candidate))
    early = judge.target + reserve * (start.candidate.score.value - judge.target)
    starts: tuple[Found, ...] = (start,)
    walks: list[Walked] = []
    for number, stage in enumerate(stages):
        behind = len(stages) - 1 - number
        least = early if behind > 1 else judge.target
        back = margin if behind == 1 else 0
        reached: list[Found] = []
        beyond = -inf
        for found in starts:
            # The furthest comes first: what is less far in the stage before must make up for it.
            walked = walk(
                *(found, number, stage, judge, way),
                least=least,
                back=back,
                beyond=beyond,
                needed=stage in needed,
                size=size,
                worth=worth if behind > 1 else 0.0,
            )
            walks.append(walked)
            reached += walked.chosen
            beyond = max(beyond, amount_of(walked.chosen[0], number))
        if stage in needed and amount_of(reached[0], number) == -inf:
            raise no_rung_holds(stage, judge.target)
        starts = tuple(reached)
    chosen = min(starts, key=lambda found: size(found.candidate.sizes))
    candidates = tuple(found.candidate for one in walks for found in one.tried)
    trainings = sum(one.trainings for one in walks)
    broken_off = sum(one.broken_off for one in walks)
    seconds = sum(one.seconds for one in walks)
    judge.watch(SearchDone(chosen.candidate, trainings, broken_off, seconds))
    return Outcome(start.candidate, chosen, candidates, trainings, broken_off, seconds)
