"""Loading a build's bitstream onto its board with the board's own programmer."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

from ..boards.board import Board
from ..boards.load import list_boards, load_board
from ..runtime.errors import BoardError, BuildError, ToolError
from .report.report import Report, read_report

SUFFIXES = (".bit", ".bin", ".fs", ".sof")
"""Of what ecppack and Vivado, icepack, gowin_pack, and Quartus write."""


def flash_command(build: Path, board: str | None = None) -> tuple[str, ...]:
    """Return the command that loads the bitstream of a build.

    Parameters
    ----------
    build : Path
        Its ``project/`` holds the bitstream.
    board : str, optional
        Name or file of the board that the build is for; needed where that is the user's own.

    Returns
    -------
    tuple of str
        The program and its arguments, the bitstream's path among them.

    Raises
    ------
    BuildError
        If the folder is no build, or holds no bitstream or several.
    BoardError
        If the board is unknown or not the build's, or its file names no programmer.
    UsageError
        If the board's file does not exist.
    """
    command = _programmer(_board_of(build, read_report(build), board))
    bitstream = _bitstream(build / "project")
    return tuple(word.replace("{bitstream}", str(bitstream)) for word in command)


def flash(command: tuple[str, ...]) -> None:
    """Run a programmer; what it says goes to this process' own output.

    Raises
    ------
    ToolError
        If it is not installed, with the command to run elsewhere, or if it fails.
    """
    program = shutil.which(command[0])
    if program is None:
        raise ToolError(
            f"{command[0]} must be installed to load the bitstream, and it is not here; "
            f"where it is, run: {shlex.join(command)}"
        )
    done = subprocess.run([program, *command[1:]])
    if done.returncode:
        raise ToolError(
            f"{command[0]} failed (exit code {done.returncode}); look whether the board is "
            f"plugged in and may be used by you. The command was: {shlex.join(command)}"
        )


def _board_of(build: Path, report: Report, given: str | None) -> Board:
    """Return the board of a build, by its name in the report or as given."""
    name = report["board"]
    if given is None and name not in list_boards():
        raise BoardError(
            f"{build} is for {name}, a board of your own: give its file as --board FILE.toml"
        )
    board = load_board(name if given is None else given)
    if (board.name, board.part) != (name, report["part"]):
        raise BoardError(
            f"board must be the one that {build} is for, {name} ({report['part']}), "
            f"not {board.name} ({board.part})"
        )
    return board


def _programmer(board: Board) -> list[str]:
    if "programmer" in board.settings:
        command: list[str] = board.settings["programmer"]["command"]
        return command
    if "ps" in board.settings.get("device", {}):
        raise BoardError(
            f"board {board.name} loads the bitstream itself: copy the .bit and .hwh of project/ "
            "and driver/ to it, and run driver/infer.py there with --device pynq:"
        )
    raise BoardError(
        f"board {board.name}: the key 'programmer.command' is missing; it is the command that "
        "loads {bitstream}"
    )


def _bitstream(project: Path) -> Path:
    found = sorted(path for path in project.glob("*") if path.suffix in SUFFIXES)
    if not found:
        raise BuildError(
            f"{project} must hold a bitstream, and there is none; compile with --bitstream, "
            f"or follow {project / 'README.md'}"
        )
    if len(found) > 1:
        raise BuildError(
            f"{project} must hold one bitstream, not {', '.join(path.name for path in found)}"
        )
    return found[0]
