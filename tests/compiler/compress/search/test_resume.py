"""Searches that were killed, or find other files than they left, end as undisturbed ones do."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sangi.compiler.compress.search.codec import network_digest
from sangi.compiler.compress.search.events import BaseDone, Event
from sangi.compiler.compress.search.grid import grid_search
from sangi.compiler.compress.search.judge import Judge
from sangi.compiler.compress.search.margin import Outcome, margin_search
from sangi.compiler.compress.search.store import Store

from .imitation import Cut, Imitation, LastCut, main, measure, network

STAGES = (Cut(0), Cut(1, warm=True), LastCut(2))


def search(trainer: Imitation, folder: Path | None, **options: Any) -> Outcome:
    target = options.pop("target", 0.9)
    store = None if folder is None else Store(folder)
    return margin_search(network(), STAGES, Judge(trainer, target, measure, store, **options))


def path_of(outcome: Outcome) -> tuple[object, ...]:
    """All that does not depend on the clock or on earlier runs."""
    judged = tuple((one.label, one.score, one.key, one.trainings) for one in outcome.candidates)
    return network_digest(outcome.chosen.network), judged, outcome.trainings


def test_a_store_changes_nothing(tmp_path: Path) -> None:
    assert path_of(search(Imitation(), tmp_path)) == path_of(search(Imitation(), None))


def test_a_second_run_trains_nothing(tmp_path: Path) -> None:
    first, again = Imitation(), Imitation()
    one = search(first, tmp_path)
    told: list[Event] = []
    two = search(again, tmp_path, watch=told.append)
    assert first.trained
    assert not again.trained
    assert path_of(one) == path_of(two)
    assert (two.seconds, two.broken_off) == (one.seconds, 0)
    assert all(candidate.restored for candidate in two.candidates)
    assert [event.restored for event in told if isinstance(event, BaseDone)] == [True]


def test_another_target_uses_what_is_there(tmp_path: Path) -> None:
    search(Imitation(), tmp_path, target=0.9)
    trainer = Imitation()
    outcome = search(trainer, tmp_path, target=0.87)
    assert len(trainer.trained) < outcome.trainings
    assert path_of(outcome) == path_of(search(Imitation(), None, target=0.87))


@pytest.mark.parametrize("options", [{"seed": 1}, {"context": "other data"}])
def test_other_seeds_and_data_start_anew(tmp_path: Path, options: dict[str, Any]) -> None:
    search(Imitation(), tmp_path)
    trainer = Imitation()
    assert search(trainer, tmp_path, **options).trainings == len(trainer.trained)


def test_other_options_of_a_stage_start_anew(tmp_path: Path) -> None:
    judge = Judge(Imitation(), 0.9, measure, Store(tmp_path))
    margin_search(network(), (Cut(0),), judge)
    trainer = Imitation()
    judge = Judge(trainer, 0.9, measure, Store(tmp_path))
    margin_search(network(), (Cut(0, warm=True),), judge)
    assert len(trainer.trained) == 4


@pytest.mark.parametrize("seed", range(8))
def test_missing_and_torn_files_are_made_again(tmp_path: Path, seed: int) -> None:
    undisturbed = search(Imitation(), tmp_path)
    choice = random.Random(seed)
    files = sorted(tmp_path.glob("*.npz"))
    for file in choice.sample(files, 3):
        if choice.random() < 0.5:
            file.unlink()
        else:
            content = file.read_bytes()
            file.write_bytes(content[: choice.randrange(len(content))])
    trainer = Imitation()
    assert path_of(search(trainer, tmp_path)) == path_of(undisturbed)
    assert len(trainer.trained) == 3


@pytest.mark.parametrize("calls", [1, 2, 4, 7])
def test_a_search_that_failed_goes_on(tmp_path: Path, calls: int) -> None:
    class Failing(Imitation):
        def train(self, *args: Any, **options: Any) -> Any:
            if len(self.trained) == calls:
                raise KeyboardInterrupt
            return super().train(*args, **options)

    with pytest.raises(KeyboardInterrupt):
        search(Failing(), tmp_path)
    trainer = Imitation()
    outcome = search(trainer, tmp_path)
    assert path_of(outcome) == path_of(search(Imitation(), None))
    assert len(trainer.trained) == outcome.trainings - calls
    assert outcome.broken_off == 1


def test_a_grid_goes_on_as_well(tmp_path: Path) -> None:
    stages = (Cut(0, 2), Cut(1, 2, warm=True))

    def grid(trainer: Imitation) -> Outcome:
        judge = Judge(trainer, 0.9, measure, Store(tmp_path))
        return grid_search(network(), stages, judge, lambda sizes: sizes.nonzero)

    one = grid(Imitation())
    for file in sorted(tmp_path.glob("*.npz"))[::2]:
        file.unlink()
    trainer = Imitation()
    assert path_of(grid(trainer)) == path_of(one)
    assert len(trainer.trained) == 6


@pytest.mark.parametrize("seed", range(2))
def test_a_search_survives_sigkill(
    tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at three random moments, it ends with the network of an undisturbed run."""
    main(str(tmp_path / "undisturbed"))
    trainings, broken_off, found = capsys.readouterr().out.split()
    assert broken_off == "0"
    choice = random.Random(seed)
    script = Path(__file__).with_name("imitation.py")
    command = [sys.executable, str(script), str(tmp_path / "work")]
    for _ in range(3):
        moment = (str(choice.randrange(2, 9)), str(choice.random() * 0.03))
        killed = subprocess.run([*command, *moment], check=False)
        assert killed.returncode == -signal.SIGKILL
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    again = finished.stdout.split()
    assert (again[0], again[2]) == (trainings, found)
    names = {path.name for path in (tmp_path / "undisturbed").glob("*.npz")}
    assert {path.name for path in (tmp_path / "work").glob("*.npz")} == names
