from __future__ import annotations

import pytest

from sangi.compiler.compress.search.events import (
    BaseDone,
    CandidateDone,
    Event,
    SearchDone,
    SearchStarted,
    StageDone,
    StageStarted,
    TrainingStarted,
)
from sangi.compiler.compress.search.judge import Judge
from sangi.compiler.compress.search.margin import margin_search
from sangi.runtime.errors import UsageError

from .imitation import RUNGS, Cut, Imitation, LastCut, amounts, measure, network

STAGES = (Cut(0), Cut(1, warm=True), LastCut(2))


def test_every_stage_goes_as_far_as_the_target_allows_less_the_margin() -> None:
    # 0.01 a rung and 0.095 to spend: stage 0 all 6, less 1; stage 1 the 4 left, less 1; last 1.
    trainer = Imitation()
    outcome = margin_search(network(), STAGES, Judge(trainer, 0.905, measure))
    assert amounts(outcome.chosen.network) == (5, 3, 1)
    assert outcome.chosen.candidate.holds
    assert outcome.chosen.candidate.label == "cut 5 / cut 3 / last 1"
    assert outcome.trainings == len(trainer.trained) == len(outcome.candidates) + 1
    assert outcome.broken_off == 0


@pytest.mark.parametrize(("margin", "found"), [(0, (6, 3, 0)), (1, (5, 3, 1)), (2, (4, 3, 2))])
def test_a_margin_leaves_room_for_later_stages(margin: int, found: tuple[int, ...]) -> None:
    outcome = margin_search(network(), STAGES, Judge(Imitation(), 0.905, measure), margin=margin)
    assert amounts(outcome.chosen.network) == found


def test_the_last_stage_keeps_no_margin_whatever_its_kind() -> None:
    outcome = margin_search(network(), (LastCut(0), Cut(1)), Judge(Imitation(), 0.905, measure))
    assert amounts(outcome.chosen.network) == (6, 3, 0)


def test_bisection_finds_what_climbing_finds_with_fewer_trainings() -> None:
    linear, bisect = (
        margin_search(network(), STAGES, Judge(Imitation(), 0.865, measure), way=way)
        for way in ("linear", "bisect")
    )
    assert amounts(linear.chosen.network) == amounts(bisect.chosen.network) == (5, 5, 3)
    # Stage 1 with its base; the last stage from both sides of stage 1's margin.
    assert (linear.trainings, bisect.trainings) == (6 + 7 + 4 + 3, 3 + 4 + 3 + 3)


def test_the_last_stage_starts_on_both_sides_of_the_margin() -> None:
    # Any rung costs 0.01 in the first two stages; none of the last holds: no margin was needed.
    costs = ((0.01,) * RUNGS, (0.01,) * RUNGS, (0.5,) * RUNGS)
    stages = (Cut(0), Cut(1), LastCut(2))
    judge = Judge(Imitation(costs), 0.905, measure)
    outcome = margin_search(network(), stages, judge, size=lambda sizes: sizes.nonzero)
    assert amounts(outcome.chosen.network) == (5, 6, 0)
    labels = [candidate.label for candidate in outcome.candidates]
    for start in ("cut 5 / cut 5 / last", "cut 5 / cut 6 / last"):
        assert any(label.startswith(start) for label in labels)


def test_a_stage_without_a_rung_that_holds_is_left_out() -> None:
    costs = ((0.5,) * RUNGS, (0.01,) * RUNGS, (0.5,) * RUNGS)
    outcome = margin_search(network(), STAGES, Judge(Imitation(costs), 0.9, measure))
    assert amounts(outcome.chosen.network) == (0, 5, 0)


def test_the_network_itself_is_the_result_where_nothing_holds() -> None:
    original = network()
    outcome = margin_search(original, STAGES, Judge(Imitation(((0.5,) * RUNGS,) * 3), 0.9, measure))
    assert outcome.chosen.network is original
    assert outcome.chosen.candidate == outcome.original
    assert outcome.trainings == len(outcome.candidates) + 1


def test_a_target_above_the_original_is_refused_before_any_training() -> None:
    trainer = Imitation()
    with pytest.raises(
        UsageError,
        match=(
            r"^target accuracy must be at most 1\.0000, the original network's on the validation "
            r"split, not 1\.1000; choose a lower --target-accuracy or use --max-drop$"
        ),
    ):
        margin_search(network(), STAGES, Judge(trainer, 1.1, measure))
    assert not trainer.trained


def test_a_stage_without_rungs_trains_nothing() -> None:
    trainer = Imitation()
    outcome = margin_search(network(), (Cut(0, rungs=0, warm=True),), Judge(trainer, 0.5, measure))
    assert (outcome.trainings, trainer.trained, outcome.candidates) == (0, [], ())


def test_seed_and_slimming_reach_the_trainer() -> None:
    trainer = Imitation()
    margin_search(network(), (Cut(0, rungs=1, warm=True),), Judge(trainer, 0.5, measure, seed=7))
    assert trainer.trained == [((0, 0, 0), 7, 1e-4), ((1, 0, 0), 7, 0.0)]


def test_every_step_is_told() -> None:
    told: list[Event] = []
    judge = Judge(Imitation(), 0.5, measure, watch=told.append)
    outcome = margin_search(network(), (Cut(0, rungs=1, warm=True), LastCut(1, rungs=0)), judge)
    kinds = [type(event) for event in told]
    base = [TrainingStarted, BaseDone]
    rung = [TrainingStarted, CandidateDone]
    assert kinds == [
        *(SearchStarted, StageStarted, *base, *rung, StageDone),
        # From where the margin stepped back to, and from where it stepped back from.
        *(StageStarted, StageDone, StageStarted, StageDone, SearchDone),
    ]
    start, done = told[0], told[-1]
    assert isinstance(start, SearchStarted)
    assert isinstance(done, SearchDone)
    assert start.stages == ("cut", "last")
    assert start.original.label == "original"
    assert (done.trainings, done.chosen) == (2, outcome.chosen.candidate)
