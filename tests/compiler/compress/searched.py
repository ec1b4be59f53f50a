"""A search that was not run: what one of three stages would have told."""

from __future__ import annotations

from sangi.compiler.compress.search.events import (
    BaseDone,
    Candidate,
    CandidateDone,
    Event,
    PhaseStarted,
    SearchDone,
    SearchStarted,
    StageDone,
    StageStarted,
    Step,
    TrainingStarted,
)
from sangi.compiler.compress.sizes import Sizes
from sangi.compiler.compress.stages.base import Rung
from sangi.compiler.compress.trainer import Score

FLOAT32 = 32 * 10_000
TARGET = 0.97

W4 = Step("iq", 0, Rung("w4 a4", 2.0))
W2 = Step("iq", 0, Rung("w2 a2", 3.0))
EDGES = Step("iq", 1, Rung("w6", 1.0))
THIN = Step("ns", 2, Rung("30 %", 0.3))
LAST = Step("last", 3, Rung("fine-tuned", 1.0))


def sizes(dense: int) -> Sizes:
    return Sizes(
        dense=dense, nonzero=dense // 2, indexed=dense, deflate=dense // 3, float32=FLOAT32
    )


def candidate(*steps: Step, score: float, dense: int, restored: bool = False) -> Candidate:
    error = 0.005 if steps else 0.0
    return Candidate(
        steps=steps,
        score=Score(score, error),
        sizes=sizes(dense),
        holds=score - error >= TARGET,
        trainings=1 if steps else 0,
        seconds=2.5,
        restored=restored,
        key="/".join(step.rung.label for step in steps) or "original",
    )


ORIGINAL = candidate(score=0.99, dense=FLOAT32)
AT_W4 = candidate(W4, score=0.985, dense=40_000, restored=True)
AT_W2 = candidate(W2, score=0.5, dense=20_000)
AT_EDGES = candidate(W4, EDGES, score=0.9745, dense=38_000)
AT_THIN = candidate(W4, THIN, score=0.978, dense=20_000)
AT_LAST = candidate(W4, THIN, LAST, score=0.981, dense=20_000)

EVENTS: tuple[Event, ...] = (
    PhaseStarted("read the data"),
    SearchStarted(("iq", "iq", "ns"), TARGET, ORIGINAL),
    StageStarted("iq", 0, (W4.rung, W2.rung)),
    CandidateDone(AT_W4),
    TrainingStarted("iq", 0, W2.rung),
    CandidateDone(AT_W2),
    StageDone("iq", 0, AT_W4, AT_W4),
    StageStarted("iq", 1, (EDGES.rung,)),
    TrainingStarted("iq", 1, EDGES.rung),
    CandidateDone(AT_EDGES),
    StageDone("iq", 1, AT_W4, AT_W4),
    StageStarted("ns", 2, (THIN.rung,)),
    TrainingStarted("ns", 2, None),
    BaseDone("ns", 2, 3.25, False),
    TrainingStarted("ns", 2, THIN.rung),
    CandidateDone(AT_THIN),
    StageDone("ns", 2, AT_THIN, AT_THIN),
    SearchDone(AT_THIN, 5, 1, 14.0),
    TrainingStarted("last", 3, LAST.rung),
    CandidateDone(AT_LAST),
)
