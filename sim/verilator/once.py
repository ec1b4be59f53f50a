"""Simulations of a build that are compiled once and kept beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import jinja2

from ...runtime.errors import BuildError
from .build import verilate


def render(template: str, **values: object) -> str:
    """Return a C++ harness of this folder, filled in."""
    text = files(__package__).joinpath(template).read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(text).render(values)


def sources_of(build: Path) -> list[Path]:
    """Return the Verilog of a build's shell and core, sorted.

    Raises
    ------
    BuildError
        If the build has no ``rtl/shell.v``.
    """
    sources = sorted((build / "rtl").glob("*.v"))
    if not any(source.name == "shell.v" for source in sources):
        raise BuildError(f"build {build} must hold rtl/shell.v, and does not; compile it again")
    return sources


def verilate_once(top: str, sources: Sequence[Path], main_cpp: str, folder: Path) -> Path:
    """Return the executable of a simulation; compile it where these sources were not yet.

    Parameters
    ----------
    top : str
    sources : sequence of Path
    main_cpp : str
        See ``verilate``.
    folder : Path
        Where it is kept, with the digest of what it was made of.

    Raises
    ------
    ToolError
        See ``verilate``.
    """
    digest = hashlib.sha256(main_cpp.encode())
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    stamp = folder / "sources.sha256"
    program = folder / f"V{top}"
    if program.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return program
    stamp.unlink(missing_ok=True)
    program = verilate(top, sources, main_cpp, folder)
    stamp.write_text(digest.hexdigest())
    return program
