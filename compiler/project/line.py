"""What the other end of a board's serial line must know: ``project/line.json``."""

from __future__ import annotations

import json
from pathlib import Path

from ...boards.board import Board
from ...runtime.errors import BoardError

LINE_FILE = "line.json"


def write_line(board: Board, clock_mhz: float, build: Path) -> Path:
    """Write ``project/line.json`` of a build.

    It holds ``oscillator_hz``, ``clock_hz`` (the core's) and ``baud``.

    Parameters
    ----------
    board : Board
        Its shell is ``uart``.
    clock_mhz : float
        Clock of the core.
    build : Path
        Its ``project/`` is there already.

    Raises
    ------
    BoardError
        If the board's file has no baud rate or no oscillator.
    """
    baud = board.settings.get("uart", {}).get("baud")
    if not isinstance(baud, int):
        raise BoardError(f"board {board.name}: uart.baud must be a number, not {baud!r}")
    oscillator_mhz = board.settings.get("oscillator", {}).get("mhz")
    if not isinstance(oscillator_mhz, (int, float)):
        raise BoardError(
            f"board {board.name}: oscillator.mhz must be a number, not {oscillator_mhz!r}"
        )
    path = build / "project" / LINE_FILE
    figures = {
        "baud": baud,
        "clock_hz": round(clock_mhz * 1e6),
        "oscillator_hz": round(oscillator_mhz * 1e6),
    }
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8", newline="\n")
    return path
