"""What a search did, put together from what it told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .search.events import Candidate, CandidateDone, Event, SearchDone, SearchStarted


@dataclass(frozen=True)
class History:
    """A search that came to its end.

    Attributes
    ----------
    target : float
        Least score of a candidate that holds, one standard error subtracted.
    original : Candidate
    candidates : tuple of Candidate
        All others, as they were done, what was trained after the search included.
    path : tuple of Candidate
        From the original to the search's choice: what every stage left that made it smaller.
    trainings, broken_off : int
        See ``SearchDone``.
    seconds : float
    """

    target: float
    original: Candidate
    candidates: tuple[Candidate, ...]
    path: tuple[Candidate, ...]
    trainings: int
    broken_off: int
    seconds: float

    @property
    def stages(self) -> dict[int, str]:
        """Names of the stages that have candidates, by their numbers in order."""
        last = {one.steps[-1].number: one.steps[-1].stage for one in self.candidates}
        return dict(sorted(last.items()))


def history_of(events: Iterable[Event]) -> History:
    """Return the history of one search from all of its events.

    Raises
    ------
    ValueError
        If the search did not begin, or did not end.
    """
    candidates: list[Candidate] = []
    begun: SearchStarted | None = None
    done: SearchDone | None = None
    for event in events:
        match event:
            case SearchStarted():
                begun = event
            case CandidateDone():
                candidates.append(event.candidate)
            case SearchDone():
                done = event
    if begun is None or done is None:
        raise ValueError("events must hold the beginning and the end of a search")
    by_steps = {one.steps: one for one in (begun.original, *candidates)}
    steps = done.chosen.steps
    return History(
        target=begun.target,
        original=begun.original,
        candidates=tuple(candidates),
        path=tuple(by_steps[steps[:count]] for count in range(len(steps) + 1)),
        trainings=done.trainings,
        broken_off=done.broken_off,
        seconds=done.seconds,
    )
