"""Outputs are complete or not there."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from sangi.compiler.workspace import (
    SCHEMA,
    check_file,
    check_place,
    is_build,
    make_folder,
    new_file,
    new_folder,
)
from sangi.runtime.errors import BuildError


def make_build(folder: Path, mark: str) -> Path:
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps({"schema": SCHEMA}))
    (folder / mark).touch()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_appears_complete_with_its_parents(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    with new_folder(target) as folder:
        (folder / "x").touch()
        assert not target.exists()
    assert names(target) == ["x"]
    assert names(tmp_path / "a") == ["b"]


def test_a_build_of_ours_is_replaced_whole(tmp_path: Path) -> None:
    target = make_build(tmp_path / "build", "old")
    with new_folder(target) as folder:
        make_build(folder / "inner", "new")
        assert names(target) == ["old", "report.json"]
    assert names(target) == ["inner"]
    assert names(tmp_path) == ["build"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_everything_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    target = make_build(tmp_path / "build", "old")
    for place in (target, tmp_path / "new" / "deep"):
        with pytest.raises(error), new_folder(place) as folder:
            (folder / "x").touch()
            raise error
    assert names(target) == ["old", "report.json"]
    assert names(tmp_path) == ["build"]


@pytest.mark.parametrize("report", [None, "not JSON", '{"schema": "other/1"}', "[]"])
def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path, report: str | None) -> None:
    target = tmp_path / "build"
    target.mkdir()
    if report is not None:
        (target / "report.json").write_text(report)
    assert not is_build(target)
    with pytest.raises(BuildError, match=r"must be new or hold a report\.json"), new_folder(target):
        pass
    assert names(tmp_path) == ["build"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = "output folder .*file/build cannot be written: Not a directory"
    with pytest.raises(BuildError, match=message), new_folder(tmp_path / "file" / "build"):
        pass
    assert names(tmp_path) == ["file"]


def test_a_file_is_swapped_or_left(tmp_path: Path) -> None:
    target = tmp_path / "y.npz"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), new_file(target) as file:
        file.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    with new_file(target) as file:
        assert file.suffix == ".npz"
        file.write_text("new")
    assert target.read_text() == "new"
    assert names(tmp_path) == ["y.npz"]


def test_an_output_file_must_not_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="must be a file, not a folder"), new_file(tmp_path):
        pass
    with pytest.raises(BuildError, match="No such file"), new_file(tmp_path / "no" / "y.npz"):
        pass
    with pytest.raises(BuildError, match="must be a file, not a folder"):
        check_file(tmp_path)
    check_file(tmp_path / "new")


def test_a_place_is_looked_at_before_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    for name in ("old", "new"):
        check_place(tmp_path / name)
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_text() == "old"
    with pytest.raises(BuildError, match="must be a file, not a folder"):
        check_place(tmp_path)
    for place in (tmp_path / "no" / "y.png", tmp_path / "old" / "y.png"):
        with pytest.raises(BuildError, match=f"output file {place} cannot be written: "):
            check_place(place)


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "b"):
        with pytest.raises(BuildError, match=f"folder {place} cannot be written: "):
            make_folder(place)


@pytest.mark.parametrize("step", [0, 1, 2])
def test_an_interrupted_swap_leaves_one_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    target = make_build(tmp_path / "build", "old")
    done = [os.rename, os.rename, shutil.rmtree]

    def interrupted(*arguments: object, **options: object) -> None:
        monkeypatch.undo()
        done[step](*arguments, **options)
        raise KeyboardInterrupt

    def first(*arguments: object, **options: object) -> None:
        monkeypatch.setattr(os, "rename", interrupted)
        os_rename(*arguments, **options)

    os_rename = os.rename
    if step == 2:
        monkeypatch.setattr(shutil, "rmtree", interrupted)
    else:
        monkeypatch.setattr(os, "rename", (interrupted, first)[step])
    with pytest.raises(KeyboardInterrupt), new_folder(target) as folder:
        make_build(folder / "inner", "new")
    assert names(tmp_path) == ["build"]
    assert names(target) == (["inner"] if step else ["old", "report.json"])
