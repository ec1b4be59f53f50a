"""Margin search: stage after stage, each as far as the target allows, less a margin.

After Tian, Yamagiwa and Wada, IEEE Access 2024. Its cost grows with the sum of the ladders'
lengths (their logarithms, with bisection), that of the full grid with their product.

How much room the last stage needs nobody knows beforehand: it is walked from where the margin
stepped back to and from where it stepped back from, and the smaller result is taken. That is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..network import Network
from ..stages.base import Stage
from .events import Candidate, SearchDone, SearchStarted
from .judge import Found, Judge
from .walk import Walked, Way, walk

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


def margin_search(
    network: Network,
    stages: Sequence[Stage],
    judge: Judge,
    *,
    size: Callable[[Sizes], float] = deflated,
    margin: int = 1,
    way: Way = "bisect",
) -> Outcome:
    """Walk the stages in order, each on what the one before left.

    Parameters
    ----------
    network : Network
    stages : sequence of Stage
    judge : Judge
    size : function of Sizes
        What the result has least of, where the last stage has two starts.
    margin : int
        Rungs that a stage with ``keeps_margin`` steps back, unless it is the last: room for the
        stages behind it.
    way : "bisect" or "linear"

    Raises
    ------
    UsageError
        If the network itself misses the target.
    """
    start = judge.original(network)
    names = tuple(stage.name for stage in stages)
    judge.watch(SearchStarted(names, judge.target, start.candidate))
    walked = Walked(start)
    candidates: list[Candidate] = []
    trainings, broken_off, seconds = 0, 0, 0.0
    for number, stage in enumerate(stages):
        last = number == len(stages) - 1
        back = margin if stage.keeps_margin and not last else 0
        starts = [walked.chosen]
        if last and walked.ahead is not None:
            starts.append(walked.ahead)
        walks = [walk(found, number, stage, judge, way, back) for found in starts]
        for one in walks:
            candidates += (found.candidate for found in one.tried)
            trainings += one.trainings
            broken_off += one.broken_off
            seconds += one.seconds
        walked = min(walks, key=lambda one: size(one.chosen.candidate.sizes))
    chosen = walked.chosen
    judge.watch(SearchDone(chosen.candidate, trainings, broken_off, seconds))
    return Outcome(start.candidate, chosen, tuple(candidates), trainings, broken_off, seconds)
