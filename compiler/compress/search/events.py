"""What a search tells while it runs: values for tables, records and plots.

A search sends ``SearchStarted``; for every walk over a stage ``StageStarted``, then for each
training ``TrainingStarted`` and ``BaseDone`` or ``CandidateDone``, and ``StageDone`` at its end;
last ``SearchDone``. Whoever runs more around the search (preparing, the last fine-tuning, writing)
tells it with ``PhaseStarted``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..sizes import Sizes
from ..stages.base import Rung
from ..trainer import Score


@dataclass(frozen=True)
class Step:
    """One rung that was taken on the way to a candidate.

    Attributes
    ----------
    stage : str
        The stage's short name: ``iq``. Two stages of a search may share it.
    number : int
        Which stage of the search it is, from 0: tells stages of one name apart.
    rung : Rung
    """

    stage: str
    number: int
    rung: Rung


@dataclass(frozen=True)
class Candidate:
    """A network that was judged; what it is and what it cost.

    Attributes
    ----------
    steps : tuple of Step
        From the original network to this one, its own rung last; empty for the original.
    score : Score
        On the validation split.
    sizes : Sizes
    holds : bool
        Whether the score is at least the target, one standard error subtracted.
    trainings : int
        How many trainings it took from its parent: 1, or 0 for the original.
    seconds : float
        Wall-clock time of applying, training and judging it, when that was done.
    restored : bool
        Whether it was taken from the store of an earlier run.
    key : str
        Digest of all that it depends on; its name in the store.
    broken_off : int
        How many trainings of it a killed run had begun, which were done again.
    """

    steps: tuple[Step, ...]
    score: Score
    sizes: Sizes
    holds: bool
    trainings: int
    seconds: float
    restored: bool
    key: str
    broken_off: int = 0

    @property
    def label(self) -> str:
        """The rungs in order: ``iq w4 a4 / ns 30%``; ``original`` without any."""
        return " / ".join(f"{step.stage} {step.rung.label}" for step in self.steps) or "original"


@dataclass(frozen=True)
class Event:
    """Something that happened; one of the classes below."""


@dataclass(frozen=True)
class PhaseStarted(Event):
    """Something other than the search begins.

    Attributes
    ----------
    label : str
        What, as users read it: ``last fine-tuning``.
    """

    label: str


@dataclass(frozen=True)
class SearchStarted(Event):
    """The original was judged, the search begins.

    Attributes
    ----------
    stages : tuple of str
        The stages' names, in order.
    target : float
        Least score that a candidate must have, one standard error subtracted.
    original : Candidate
    """

    stages: tuple[str, ...]
    target: float
    original: Candidate


@dataclass(frozen=True)
class StageStarted(Event):
    """A walk over one stage begins (in a grid: one for every candidate of the stage before).

    Attributes
    ----------
    stage : str
    number : int
        Which stage of the search, from 0.
    ladder : tuple of Rung
        All rungs there are; none where the stage finds nothing to do.
    """

    stage: str
    number: int
    ladder: tuple[Rung, ...]


@dataclass(frozen=True)
class TrainingStarted(Event):
    """A training begins.

    Attributes
    ----------
    stage : str
    number : int
    rung : Rung or None
        None for the training that a stage starts from.
    """

    stage: str
    number: int
    rung: Rung | None


@dataclass(frozen=True)
class BaseDone(Event):
    """The training that a stage starts from is done.

    Attributes
    ----------
    stage : str
    number : int
    seconds : float
    restored : bool
    """

    stage: str
    number: int
    seconds: float
    restored: bool


@dataclass(frozen=True)
class CandidateDone(Event):
    """A candidate was trained and judged, or taken from the store."""

    candidate: Candidate


@dataclass(frozen=True)
class StageDone(Event):
    """A walk is over.

    Attributes
    ----------
    stage : str
    number : int
    furthest : Candidate
        The furthest that holds; what the stage started from where no rung does.
    chosen : Candidate
        Where the next stage starts: ``furthest``, or the least far that it also starts from.
    """

    stage: str
    number: int
    furthest: Candidate
    chosen: Candidate


@dataclass(frozen=True)
class SearchDone(Event):
    """The search is over.

    Attributes
    ----------
    chosen : Candidate
    trainings : int
        All trainings of the search: of candidates and of what stages start from, restored ones
        included.
    broken_off : int
        Trainings that a killed run had begun and that were done again.
    seconds : float
        Wall-clock time of ``trainings``.
    """

    chosen: Candidate
    trainings: int
    broken_off: int
    seconds: float
