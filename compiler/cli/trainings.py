"""The rows of a search's table, from what the search told so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..compress.search.events import (
    BaseDone,
    Candidate,
    CandidateDone,
    Event,
    PhaseStarted,
    SearchStarted,
    StageDone,
    StageStarted,
    TrainingStarted,
)
from ..compress.sizes import ENCODINGS
from ..compress.trainer import Score

COLUMNS = (
    "stage",
    "step",
    "score ± error",
    "target",
    *(f"{encoding} ×" for encoding in ENCODINGS),
    "s",
    "",
)
"""The last one is the state."""

NUMBERS = slice(2, len(COLUMNS) - 1)
"""Columns that are aligned right."""

RUNNING = "training"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    cells : tuple of str
        One per column.
    key : str
        The candidate's; empty where there is none.
    """

    cells: tuple[str, ...]
    key: str = ""

    @property
    def state(self) -> str:
        """What the last cell says."""
        return self.cells[-1]

    def marked(self, state: str) -> Row:
        """Return the row in another state."""
        return Row((*self.cells[:-1], state), self.key)


def rows_of(events: Iterable[Event], *, percent: bool) -> tuple[Row, ...]:
    """Return one row for each training and phase, in order; the last one may still be running.

    Parameters
    ----------
    events : iterable of Event
        What was told so far.
    percent : bool
        Whether scores are shares, to be shown in percent.
    """
    rows: list[Row] = []
    target = ""
    for event in events:
        if rows and rows[-1].state == RUNNING:
            rows.pop()
        match event:
            case PhaseStarted():
                rows.append(_row(event.label))
            case SearchStarted():
                target = _score(event.target, percent)
                rows.append(_judged(event.original, target, percent))
            case StageStarted():
                if not event.ladder:
                    rows.append(_row(event.stage, state="nothing to do"))
            case TrainingStarted():
                label = "start" if event.rung is None else event.rung.label
                rows.append(_row(event.stage, label, target=target, state=RUNNING))
            case BaseDone():
                state = _state("trained", event.restored)
                rows.append(_row(event.stage, "start", seconds=event.seconds, state=state))
            case CandidateDone():
                rows.append(_judged(event.candidate, target, percent))
            case StageDone():
                chosen = event.chosen
                rows = [
                    row.marked(f"{row.state}, chosen") if row.key == chosen.key else row
                    for row in rows
                ]
    return tuple(rows)


def tail(rows: Sequence[Row], most: int) -> Sequence[Row]:
    """Return the rows that a screen of ``most`` lines shows: the original and the newest."""
    return rows if len(rows) <= most else (rows[0], *rows[len(rows) - most + 1 :])


def _judged(candidate: Candidate, target: str, percent: bool) -> Row:
    stage, label = "original", ""
    if candidate.steps:
        stage, label = candidate.steps[-1].stage, candidate.steps[-1].rung.label
    row = _row(
        stage,
        label,
        score=_with_error(candidate.score, percent),
        target=target,
        sizes=tuple(f"{candidate.sizes.ratio(encoding):.1f}" for encoding in ENCODINGS),
        seconds=candidate.seconds,
        state=_state("holds" if candidate.holds else "misses", candidate.restored),
    )
    return Row(row.cells, candidate.key)


def _row(
    stage: str,
    label: str = "",
    *,
    score: str = "",
    target: str = "",
    sizes: tuple[str, ...] = ("",) * len(ENCODINGS),
    seconds: float | None = None,
    state: str = "",
) -> Row:
    spent = "" if seconds is None else f"{seconds:.1f}"
    return Row((stage, label, score, target, *sizes, spent, state))


def _score(value: float, percent: bool) -> str:
    return f"{100 * value:.2f} %" if percent else f"{value:.5g}"


def _with_error(score: Score, percent: bool) -> str:
    if percent:
        return f"{100 * score.value:.2f} ± {100 * score.error:.2f} %"
    return f"{score.value:.5g} ± {score.error:.2g}"


def _state(state: str, restored: bool) -> str:
    return f"{state}, stored" if restored else state
