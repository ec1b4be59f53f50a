"""The last fine-tuning makes nothing smaller, and is a candidate like all others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sangi.compiler.compress.finish import LAST, Finish, better
from sangi.compiler.compress.search.codec import network_digest, value_digest
from sangi.compiler.compress.search.judge import Base, Found, Judge
from sangi.compiler.compress.search.store import Store
from sangi.compiler.compress.trainer import Score

from .search.imitation import Imitation, amounts, measure, network


def test_it_has_one_rung_at_which_nothing_changes() -> None:
    stage, start = Finish(30), network()
    assert stage.name == "last"
    assert stage.ladder(start) == (LAST,)
    assert stage.apply(start, LAST, Imitation()) is start


def test_its_epochs_are_part_of_what_it_is() -> None:
    assert value_digest(Finish(30)) != value_digest(Finish(31))


def test_it_is_trained_once_and_kept(tmp_path: Path) -> None:
    """A search that goes on takes it from the store; with other epochs it is another one."""
    trainer = Imitation()
    judge = Judge(trainer, 0.9, measure, Store(tmp_path))
    start = judge.original(network())
    base = Base(start.network, start.candidate.key)
    found = [judge.rung(start, base, 3, Finish(epochs), LAST) for epochs in (30, 30, 10)]
    assert [one.candidate.restored for one in found] == [False, True, False]
    assert len(trainer.trained) == 2
    first, again, other = (network_digest(one.network) for one in found)
    assert first == again != other
    assert amounts(found[0].network) == amounts(start.network)
    assert found[0].candidate.label == "last fine-tuned"
    assert found[0].candidate.sizes == start.candidate.sizes


@pytest.mark.parametrize(
    ("score", "holds", "taken"),
    [
        (Score(0.95, 0.02), True, True),
        (Score(0.93, 0.02), True, True),  # by chance
        (Score(0.91, 0.02), True, False),
        (Score(0.95, 0.02), False, False),
    ],
)
def test_it_is_taken_unless_it_does_worse(score: Score, holds: bool, taken: bool) -> None:
    start = Judge(Imitation(), 0.9, measure).original(network())

    def judged(score: Score, holds: bool) -> Found:
        return Found(network(), replace(start.candidate, score=score, holds=holds))

    chosen, tuned = judged(Score(0.94, 0.0), True), judged(score, holds)
    assert better(chosen, tuned) is (tuned if taken else chosen)
