from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.compress.search.judge import Judge
from sangi.compiler.compress.search.walk import Walked, Way, walk

from .imitation import Cut, Imitation, amounts, measure, network

TARGET = 0.9
WAYS: tuple[Way, ...] = ("bisect", "linear")


def walked(
    costs: tuple[float, ...],
    way: Way = "bisect",
    back: int = 0,
    least: float = TARGET,
    beyond: float = 0,
    **options: Any,
) -> Walked:
    imitated = {name: options.pop(name) for name in ("error", "gain") if name in options}
    judge = Judge(Imitation((costs,), **imitated), TARGET, measure, **options)
    start = judge.original(network(stages=1))
    stage = Cut(0, rungs=len(costs))
    return walk(start, 0, stage, judge, way, least=least, back=back, beyond=beyond)


def all_went(result: Walked) -> list[int]:
    return [int(amounts(found.network)[0]) for found in result.chosen]


def went(result: Walked) -> int:
    return all_went(result)[0]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("held", range(8))
def test_the_last_rung_that_holds_is_found(way: Way, held: int) -> None:
    result = walked((0.05,) * held + (0.2,) * (7 - held), way)
    assert went(result) == held
    assert len(result.tried) == (3 if way == "bisect" else min(7, held + 1))


@pytest.mark.parametrize("way", WAYS)
def test_rungs_before_the_furthest_are_offered_down_to_the_start(way: Way) -> None:
    assert all_went(walked((0.05, 0.05, 0.2), way, back=1)) == [2, 1]
    assert all_went(walked((0.05, 0.2, 0.2), way, back=4)) == [1, 0]
    assert all_went(walked((0.2, 0.2, 0.2), way, back=2)) == [0]


def test_a_walk_may_have_to_leave_more_than_the_target() -> None:
    costs = (0.02, 0.05, 0.08, 0.2)
    assert went(walked(costs)) == 3
    assert went(walked(costs, least=0.94)) == 2
    # That needs no certainty; the target does.
    assert went(walked(costs, least=0.945, error=0.01)) == 2
    assert went(walked(costs, least=0.91, error=0.03)) == 2


@pytest.mark.parametrize("way", WAYS)
def test_only_rungs_beyond_an_amount_are_asked(way: Way) -> None:
    result = walked((0.05,) * 5 + (0.2,), way, beyond=3)
    assert went(result) == 5
    assert all(found.candidate.steps[0].rung.amount > 3 for found in result.tried)
    assert went(walked((0.05, 0.05, 0.2), way, beyond=2)) == 0
    assert walked((0.05, 0.05), way, beyond=2).trainings == 0


def test_climbing_stops_at_the_first_miss() -> None:
    assert went(walked((0.05, 0.2, 0.05, 0.05), "linear")) == 1


def test_rungs_that_miss_are_not_offered() -> None:
    # Bisection asks rungs 3, 5 and 6 of 6; of the two before 6, 4 misses.
    costs = (0.05, 0.05, 0.05, 0.2, 0.05, 0.05)
    result = walked(costs, back=2)
    assert all_went(result) == [6, 5]
    assert result.trainings == len(result.tried) == 4


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0.05, 0.2]), min_size=1, max_size=9),
    st.sampled_from(WAYS),
    st.integers(0, 3),
)
def test_what_is_chosen_holds_however_accuracy_moves(
    costs: list[float], way: Way, back: int
) -> None:
    result = walked(tuple(costs), way, back)
    assert all(found.candidate.holds for found in result.chosen)
    # No rung is trained twice.
    labels = [found.candidate.label for found in result.tried]
    assert len(set(labels)) == len(labels) == result.trainings


def test_one_standard_error_is_kept_clear_of_the_target() -> None:
    costs = (0.05, 0.08, 0.095)
    assert went(walked(costs)) == 3
    assert went(walked(costs, error=0.01)) == 2
