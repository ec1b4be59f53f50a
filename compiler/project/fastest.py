"""The highest clock that place and route confirms."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ...boards.board import Board
from ...runtime.errors import ToolError
from .bitstream import Routed
from .flows import can_clock, make_bitstream, write_project

_STEP_MHZ = 0.125
_ATTEMPTS = 4


def make_fastest(
    board: Board,
    clock_mhz: float,
    seed: int,
    build: Path,
    say: Callable[[str], None] | None = None,
) -> tuple[float, Routed]:
    """Place and route at rising clocks until one is missed; keep the highest that was met.

    The first attempt aims at ``clock_mhz``. Each further one aims at the highest clock (a multiple
    of 125 kHz that the board can make) that the attempts before reached, or, where one fell short,
    at the highest that it reached itself. There are at most 4 attempts; the clock found is
    confirmed, and more patience may find a slightly higher one.

    Parameters
    ----------
    board : Board
    clock_mhz : float
        Where to begin.
    seed : int
        Of placement.
    build : Path
        Its ``rtl/`` is there; ``project/`` is written for the clock found.
    say : callable, optional
        Called with a line after every attempt.

    Returns
    -------
    tuple of float and Routed
        The clock and what place and route found at it.

    Raises
    ------
    ToolError
        If a tool fails, or no attempt met its clock.
    BoardError
        If the board's file lacks something, or nothing near the clocks reached can be made.
    """
    met: dict[float, Routed] = {}
    missed: list[float] = []
    wanted = clock_mhz
    with tempfile.TemporaryDirectory(prefix="sangi-clock-") as kept:
        for _ in range(_ATTEMPTS):
            write_project(board, wanted, seed, build)
            routed = make_bitstream(board, wanted, seed, build)
            if say is not None:
                say(f"aimed at {wanted:g} MHz, reached {routed.fmax_mhz:g} MHz")
            if routed.timing_met:
                met[wanted] = routed
                _copy(build, Path(kept))
            else:
                missed.append(wanted)
            below = min(missed, default=math.inf)
            following = highest_clock(board, routed.fmax_mhz, below=below)
            if following is None or following <= max(met, default=0.0):
                break
            wanted = following
        if not met:
            raise ToolError(
                f"board {board.name}: no clock was met, aimed at "
                f"{', '.join(f'{clock:g}' for clock in missed)} MHz; "
                "give --clock-mhz a lower one, or ask for a smaller circuit with --target-fps"
            )
        _copy(Path(kept), build)
    best = max(met)
    return best, met[best]


def _copy(source: Path, target: Path) -> None:
    """Replace project and logs of ``target`` by those of ``source``."""
    for name in ("project", "log"):
        shutil.rmtree(target / name, ignore_errors=True)
        shutil.copytree(source / name, target / name)


def highest_clock(board: Board, limit_mhz: float, *, below: float = math.inf) -> float | None:
    """Return the highest clock up to ``limit_mhz`` and under ``below`` that the board can make.

    Only multiples of 125 kHz count.

    Returns
    -------
    float or None
        None where there is none.
    """
    for step in range(math.floor(limit_mhz / _STEP_MHZ), 0, -1):
        clock = step * _STEP_MHZ
        if clock < below and can_clock(board, clock):
            return clock
    return None
