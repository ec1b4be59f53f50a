"""What a board's own computer needs: the runtime, the program and a script; NumPy is enough."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import jinja2

from ..boards.board import Board
from ..runtime.golden import GOLDEN_FILE, Golden, save_golden
from ..runtime.program import Program
from ..runtime.store import PROGRAM_FILE, load_program
from .circuit.frames import random_frames

_RUNTIME = Path(__file__).parents[1] / "runtime"

GOLDEN_FRAMES = 8
"""Of the self test."""


def write_driver(board: Board, build: Path, *, seed: int = 0) -> Path:
    """Write ``driver/`` of a build: runtime, program, golden vectors, ``infer.py``.

    It runs on Python 3.10 and later with NumPy, from any place it is copied to.

    Parameters
    ----------
    board : Board
        The script's default device is its serial line, or for a Zynq what runs on it; the
        reference where the board has neither.
    build : Path
        Holds ``program.sangi`` already.
    seed : int
        Of the golden frames.

    Returns
    -------
    Path
        The driver's folder.
    """
    folder = build / "driver"
    package = folder / "sangi"
    for source in sorted(_RUNTIME.rglob("*.py")):
        target = package / "runtime" / source.relative_to(_RUNTIME)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    _write(package / "__init__.py", '"""The part of sangi that a board needs."""\n')
    _write(folder / "infer.py", _script(board))
    shutil.copyfile(build / PROGRAM_FILE, folder / PROGRAM_FILE)
    save_golden(_golden(load_program(folder / PROGRAM_FILE), seed), folder / GOLDEN_FILE)
    return folder


def _golden(program: Program, seed: int) -> Golden:
    frames = random_frames(program, GOLDEN_FRAMES, seed)
    tensors = program.run(*frames)
    outputs = tuple(tensors[output.tensor] for output in program.outputs)
    return Golden(program.digest, tuple(frames), outputs)


def _script(board: Board) -> str:
    device = "numpy:"
    if board.shell == "uart" and "uart" in board.settings:
        device = f"uart:/dev/ttyUSB0?baud={board.settings['uart']['baud']}"
    if board.shell == "axi":
        device = "pynq:"
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    text = files(__package__).joinpath("infer.py.jinja").read_text(encoding="utf-8")
    return environment.from_string(text).render(device=device)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
