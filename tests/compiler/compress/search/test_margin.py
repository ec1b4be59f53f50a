from __future__ import annotations

from typing import Any

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
from sangi.compiler.compress.search.margin import Outcome, margin_search
from sangi.runtime.errors import UsageError

from .imitation import RUNGS, Costs, Cut, Imitation, LastCut, amounts, measure, network

STAGES = (Cut(0), Cut(1, warm=True), LastCut(2))


def search(costs: Costs | None = None, target: float = 0.905, **options: Any) -> Outcome:
    judge = Judge(Imitation(costs) if costs else Imitation(), target, measure)
    options = {"worth": 0.0, **options}
    return margin_search(network(), STAGES, judge, size=lambda sizes: sizes.nonzero, **options)


def test_every_stage_goes_as_far_as_the_target_allows_less_what_it_must_leave() -> None:
    # 0.01 a rung and 0.095 to spend: stage 0 half of it, 4 rungs. Stage 1 the 5 that are left, and
    # from the one before, the last stage can go 1: a rung of that saves more.
    trainer = Imitation()
    judge = Judge(trainer, 0.905, measure)
    outcome = margin_search(network(), STAGES, judge, size=lambda sizes: sizes.nonzero, worth=0.0)
    assert amounts(outcome.chosen.network) == (4, 4, 1)
    assert outcome.chosen.candidate.holds
    assert outcome.chosen.candidate.label == "cut 4 / cut 4 / last 1"
    assert outcome.trainings == len(trainer.trained) == len(outcome.candidates) + 1
    assert outcome.broken_off == 0


@pytest.mark.parametrize(("reserve", "found"), [(0, (6, 2, 1)), (0.5, (4, 4, 1)), (1, (0, 5, 4))])
def test_room_for_later_stages_is_kept_in_accuracy(reserve: float, found: tuple[int, ...]) -> None:
    assert amounts(search(reserve=reserve).chosen.network) == found


@pytest.mark.parametrize(
    ("worth", "found"), [(0.0, 4), (0.005, 4), (0.011, 3), (0.025, 2), (0.06, 0)]
)
def test_accuracy_is_not_spent_on_what_saves_little(worth: float, found: int) -> None:
    # A rung saves 10 of 1000, and 4 leave enough for later stages.
    outcome = search(worth=worth, way="linear")
    assert amounts(outcome.chosen.network)[0] == found


def test_of_a_stage_that_is_needed_something_is_taken_however_little_it_saves() -> None:
    judge = Judge(Imitation(), 0.905, measure)
    outcome = margin_search(network(), STAGES, judge, worth=0.9, way="linear", needed=STAGES[:1])
    assert amounts(outcome.chosen.network)[0] == 1


@pytest.mark.parametrize(("margin", "found"), [(0, (4, 5, 0)), (1, (4, 4, 1)), (3, (4, 2, 3))])
def test_the_last_stage_starts_from_so_many_rungs_before(
    margin: int, found: tuple[int, ...]
) -> None:
    assert amounts(search(margin=margin).chosen.network) == found


def test_a_second_start_asks_only_rungs_that_the_first_did_not_reach() -> None:
    labels = [one.label for one in search(target=0.865).candidates]
    asked = [tuple(part.split()[1] for part in one.split(" / ")) for one in labels]
    last = [tuple(map(int, one)) for one in asked if len(one) == 3]
    first, second = ([k for i, j, k in last if j == place] for place in (6, 5))
    assert first
    assert second
    assert min(second) > 1  # what the first reached


def test_bisection_finds_what_climbing_finds_with_fewer_trainings() -> None:
    linear, bisect = (search(target=0.865, way=way) for way in ("linear", "bisect"))
    assert amounts(linear.chosen.network) == amounts(bisect.chosen.network) == (6, 5, 2)
    assert linear.trainings > bisect.trainings
    assert bisect.trainings <= 3 + 4 + 3 + 3


def test_a_stage_without_a_rung_that_holds_is_left_out() -> None:
    costs = ((0.5,) * RUNGS, (0.01,) * RUNGS, (0.5,) * RUNGS)
    outcome = margin_search(network(), STAGES, Judge(Imitation(costs), 0.9, measure))
    assert amounts(outcome.chosen.network) == (0, 6, 0)


def test_a_stage_that_is_needed_must_take_a_rung() -> None:
    costs = ((0.5,) * RUNGS, (0.01,) * RUNGS, (0.5,) * RUNGS)
    trainer = Imitation(costs)
    message = (
        "stage cut must have a step that holds the target 0.9000 with one standard error "
        "subtracted, and none was found; train longer (--epochs) or choose a lower target"
    )
    with pytest.raises(UsageError) as refused:
        margin_search(network(), STAGES, Judge(trainer, 0.9, measure), needed=STAGES[:1])
    assert str(refused.value) == message
    # The stages behind it are not trained for nothing.
    assert {trained[1:] for trained, *_ in trainer.trained} == {(0, 0)}


def test_a_stage_that_is_needed_may_use_up_what_others_leave() -> None:
    costs = ((0.08, *(0.5,) * (RUNGS - 1)), (0.01,) * RUNGS, (0.5,) * RUNGS)
    assert amounts(search(costs).chosen.network) == (0, 6, 0)
    assert amounts(search(costs, needed=STAGES[:1]).chosen.network) == (1, 6, 0)
    # It is never stepped back from altogether.
    judge = Judge(Imitation(costs), 0.905, measure)
    outcome = margin_search(network(), STAGES[:2], judge, margin=3, needed=STAGES[:1])
    assert {one.label.split(" / ")[0] for one in outcome.candidates if len(one.steps) == 2} == {
        "cut 1"
    }


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


def trained(seed: int) -> list[tuple[object, int, float]]:
    trainer = Imitation()
    stages = (Cut(0, rungs=1, warm=True),)
    margin_search(network(), stages, Judge(trainer, 0.5, measure, seed=seed))
    return trainer.trained


def test_slimming_and_a_seed_of_its_own_reach_every_training() -> None:
    first, again, other = trained(7), trained(7), trained(8)
    assert [(amounts, slimming) for amounts, _, slimming in first] == [
        ((0, 0, 0), 1e-4),
        ((1, 0, 0), 0.0),
    ]
    assert first == again
    assert len({seed for _, seed, _ in [*first, *other]}) == 4


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
