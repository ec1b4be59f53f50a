from __future__ import annotations

from itertools import product

import pytest

from sangi.compiler.compress.search.grid import grid_search
from sangi.compiler.compress.search.judge import Judge
from sangi.compiler.compress.search.margin import margin_search
from sangi.runtime.errors import UsageError

from .imitation import Cut, Imitation, LastCut, amounts, measure, network


def test_every_combination_is_trained_once_and_the_smallest_that_holds_wins() -> None:
    trainer = Imitation()
    stages = (Cut(0, 3), Cut(1, 4), LastCut(2, 5))
    judge = Judge(trainer, 0.925, measure)
    outcome = grid_search(network(), stages, judge, lambda sizes: sizes.nonzero)
    combinations = {one for one in product(range(4), range(5), range(6)) if one != (0, 0, 0)}
    assert {one for one, _, _ in trainer.trained} == combinations
    assert outcome.trainings == len(trainer.trained) == len(combinations) == len(outcome.candidates)
    best = min((measure_of(one), one) for one in combinations if sum(one) <= 7)
    assert outcome.chosen.candidate.sizes.nonzero == best[0]
    assert amounts(outcome.chosen.network) == (0, 2, 5)
    assert outcome.chosen.candidate.holds


def measure_of(combination: tuple[int, ...]) -> int:
    return 1000 - sum(10 * (row + 1) * amount for row, amount in enumerate(combination))


def test_what_stages_start_from_counts() -> None:
    trainer = Imitation()
    stages = (Cut(0, 2), Cut(1, 2, warm=True))
    outcome = grid_search(
        network(), stages, Judge(trainer, 0.5, measure), lambda sizes: sizes.nonzero
    )
    # 2 + 3 · 2 candidates, and a start of the second stage on the original and on both of the first
    assert len(outcome.candidates) == 8
    assert outcome.trainings == len(trainer.trained) == 11


def test_the_original_wins_where_nothing_holds() -> None:
    trainer = Imitation(((0.5, 0.5),))
    outcome = grid_search(
        network(1), (Cut(0, 2),), Judge(trainer, 0.9, measure), lambda sizes: sizes.nonzero
    )
    assert outcome.chosen.candidate == outcome.original
    assert outcome.trainings == 2


def test_margin_search_reaches_the_grid_with_a_twentieth_of_its_trainings() -> None:
    stages = (Cut(2), Cut(1), LastCut(0))  # what saves most comes first
    grid = grid_search(
        network(), stages, Judge(Imitation(), 0.885, measure), lambda sizes: sizes.nonzero
    )
    search = margin_search(network(), stages, Judge(Imitation(), 0.885, measure), worth=0.0)
    assert grid.trainings == 7**3 - 1
    assert 20 * search.trainings <= grid.trainings
    assert search.chosen.candidate.sizes.nonzero <= 1.1 * grid.chosen.candidate.sizes.nonzero


def test_a_target_above_the_original_is_refused() -> None:
    with pytest.raises(UsageError, match="target accuracy must be at most"):
        grid_search(network(), (), Judge(Imitation(), 2, measure), lambda sizes: sizes.nonzero)
