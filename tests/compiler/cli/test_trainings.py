"""The table of a search while it runs."""

from __future__ import annotations

import io
import sys
from dataclasses import replace

import pytest

from sangi.compiler.cli.live import live_table
from sangi.compiler.cli.trainings import RUNNING, rows_of, tail
from sangi.compiler.compress.search.events import (
    BaseDone,
    Candidate,
    CandidateDone,
    Event,
    PhaseStarted,
    SearchStarted,
    StageDone,
    StageStarted,
    Step,
    TrainingStarted,
)
from sangi.compiler.compress.sizes import Sizes
from sangi.compiler.compress.stages.base import Rung
from sangi.compiler.compress.trainer import Score

RUNG = Rung("w4 a4", 1.0)
ORIGINAL = Candidate(
    steps=(),
    score=Score(0.99, 0.0),
    sizes=Sizes(dense=320, nonzero=320, indexed=400, deflate=300, float32=320),
    holds=True,
    trainings=0,
    seconds=0.5,
    restored=False,
    key="o",
)
SMALL = replace(
    ORIGINAL,
    steps=(Step("iq", 0, RUNG),),
    score=Score(0.98, 0.0051),
    sizes=Sizes(dense=40, nonzero=20, indexed=30, deflate=16, float32=320),
    seconds=12.34,
    key="s",
)
EVENTS: tuple[Event, ...] = (
    PhaseStarted("read the data"),
    SearchStarted(("iq", "ns"), 0.97, ORIGINAL),
    StageStarted("iq", 0, (RUNG,)),
    TrainingStarted("iq", 0, RUNG),
    CandidateDone(SMALL),
    StageDone("iq", 0, SMALL, SMALL),
    StageStarted("ns", 1, ()),
    TrainingStarted("ns", 1, None),
    BaseDone("ns", 1, 7.0, True),
)


def cells(count: int, *, percent: bool = True) -> list[str]:
    """The last row's cells after the first events, without the empty ones."""
    return [cell for cell in rows_of(EVENTS[:count], percent=percent)[-1].cells if cell]


def test_rows_say_what_was_told() -> None:
    assert cells(1) == ["read the data"]
    assert cells(2) == [
        *("original", "99.00 ± 0.00 %", "97.00 %", "1.0", "1.0", "0.8", "1.1", "0.5", "holds"),
    ]
    assert cells(4) == ["iq", "w4 a4", "97.00 %", RUNNING]
    done = ["iq", "w4 a4", "98.00 ± 0.51 %", "97.00 %", "8.0", "16.0", "10.7", "20.0", "12.3"]
    assert cells(5) == [*done, "holds"]
    assert cells(6) == [*done, "holds, chosen"]
    assert cells(7) == ["ns", "nothing to do"]
    assert cells(8) == ["ns", "start", "97.00 %", RUNNING]
    assert cells(9) == ["ns", "start", "7.0", "trained, stored"]
    assert len(rows_of(EVENTS, percent=True)) == 5


def test_own_metrics_are_no_percentages() -> None:
    assert cells(5, percent=False)[2:4] == ["0.98 ± 0.0051", "0.97"]


def test_what_misses_and_came_from_the_store() -> None:
    missed = CandidateDone(replace(SMALL, holds=False, restored=True))
    assert rows_of([missed], percent=True)[0].state == "misses, stored"


def test_a_small_screen_shows_the_original_and_the_newest() -> None:
    rows = rows_of(EVENTS, percent=True)
    assert tail(rows, 9) == rows
    assert tail(rows, 3) == (rows[0], *rows[-2:])


def test_a_file_gets_one_line_for_each_training(capsys: pytest.CaptureFixture[str]) -> None:
    with live_table(percent=True) as watch:
        for event in EVENTS:
            watch(event)
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[0] == "read the data"
    assert lines[1].startswith("stage  step  score ± error  target  dense ×")
    assert lines[3].startswith("iq  w4 a4  98.00 ± 0.51 %  97.00 %  8.0")
    assert len(lines) == 6


def test_a_terminal_gets_a_table_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    with live_table(percent=True) as watch:
        for event in EVENTS[:8]:
            watch(event)
    text = stream.getvalue()
    assert "score ± error" in text
    assert "holds, chosen" in text
    assert RUNNING in text
