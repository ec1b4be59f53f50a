"""Outputs that are either complete or not there: written beside their place, then swapped in."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..runtime.errors import BuildError

REPORT = "report.json"
"""The file by which a build folder is known."""

SCHEMA = "sangi.report/1"
"""Its ``schema``."""


def is_build(folder: Path) -> bool:
    """Whether ``folder`` holds a report.json of ours, of any version."""
    try:
        report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(report, dict) and str(report.get("schema", "")).startswith("sangi.report/")


def check_replaceable(target: Path) -> None:
    """Make sure that ``target`` does not exist or is a build folder of ours.

    Raises
    ------
    BuildError
        If it is anything else: it is left alone.
    """
    if os.path.lexists(target) and not is_build(target):
        raise BuildError(
            f"output folder {target} must be new or hold a {REPORT} of sangi, and it exists "
            "without one; nothing was changed there: choose another folder with -o"
        )


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder to fill; on success it takes the place of ``target``.

    It lies beside ``target``, so that the swap is a renaming. If the body raises anything
    (for a signal as well), it is removed, together with the parents that were made for it, and
    ``target`` is what it was.

    Yields
    ------
    Path
        The folder to fill.

    Raises
    ------
    BuildError
        If ``target`` is not replaceable (see ``check_replaceable``) or its place cannot be written.
    """
    check_replaceable(target)
    place = target.resolve()
    made: list[Path] = []
    beside = place.parent / f".{place.name}.{secrets.token_hex(4)}"
    try:
        with _explained(target, "output folder"):
            _make_parents(place.parent, made)
            beside.mkdir()
        yield beside
        with _explained(target, "output folder"):
            _swap(beside, place)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        _settle(_aside(beside), place)
        for parent in reversed(made):
            with suppress(OSError):
                parent.rmdir()
        raise


def check_file(target: Path) -> None:
    """Make sure that ``target`` can be replaced by a file.

    Raises
    ------
    BuildError
        If it is a folder.
    """
    if target.is_dir():
        raise BuildError(f"output file {target} must be a file, not a folder")


def check_place(target: Path) -> None:
    """Make sure that ``target`` can be written now, before something long is done for it.

    Raises
    ------
    BuildError
        If it is a folder, or its place is missing or cannot be written.
    """
    check_file(target)
    with _explained(target, "output file"):
        beside = _beside(target)
        beside.touch()
        beside.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where it is missing.

    Raises
    ------
    BuildError
        If that is not possible.
    """
    with _explained(folder, "folder"):
        folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Give the name of a file to write; on success it takes the place of ``target``.

    Its suffix is that of ``target``. If the body raises anything, no file stays behind and
    ``target`` is what it was.

    Raises
    ------
    BuildError
        If ``target`` is a folder or cannot be written.
    """
    check_file(target)
    beside = _beside(target)
    try:
        # What the body cannot write (a full disk) is explained as well.
        with _explained(target, "output file"):
            beside.touch()
            yield beside
            os.replace(beside, target.resolve())
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def _beside(target: Path) -> Path:
    """Return where a file is written before it takes the place of ``target``."""
    place = target.resolve()
    return place.with_name(f".{secrets.token_hex(4)}.{place.name}")


@contextmanager
def _explained(target: Path, kind: str) -> Iterator[None]:
    """Turn the operating system's refusals into a BuildError that names ``target``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BuildError(
            f"{kind} {target} cannot be written: {reason}; choose another place"
        ) from error


def _make_parents(parent: Path, made: list[Path]) -> None:
    """Make ``parent`` and what is missing above it, noting each in ``made``."""
    missing = [parent, *parent.parents]
    for folder in reversed([path for path in missing if not path.exists()]):
        folder.mkdir()
        made.append(folder)


def _aside(new: Path) -> Path:
    """Return where the folder stands aside that ``new`` replaces."""
    return new.with_name(f"{new.name}.old")


def _swap(new: Path, place: Path) -> None:
    """Rename ``new`` to ``place``; what stood there is removed after it stood aside."""
    aside = _aside(new)
    if place.exists():
        os.rename(place, aside)
    try:
        os.rename(new, place)
    finally:
        _settle(aside, place)


def _settle(aside: Path, place: Path) -> None:
    """Bring back what stands aside where nothing took its place, else remove it."""
    if aside.exists() and not place.exists():
        os.rename(aside, place)
    shutil.rmtree(aside, ignore_errors=True)
