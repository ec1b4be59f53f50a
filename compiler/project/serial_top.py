"""The top level of a project for a board with a serial line."""

from __future__ import annotations

from pathlib import Path

from ...boards.board import Board
from ...hdl.shell.uart.top import Top, TopParams, plan_top
from ...runtime.errors import BoardError
from ..circuit.shell import component_verilog
from .settings import LineSettings

TOP = "top"


def plan_line(
    board: Board, settings: LineSettings, clock_mhz: float, variant: str = ""
) -> TopParams:
    """Return the parameters of a board's top level at a clock.

    Parameters
    ----------
    board : Board
    settings : LineSettings
        The board's.
    clock_mhz : float
        Clock of the core.
    variant : str
        Which of the family's PLLs; see ``plan_clock``.

    Raises
    ------
    BoardError
        If the PLL cannot make the clock, or the baud rate cannot be made.
    """
    try:
        return plan_top(
            board.family,
            settings.oscillator_mhz,
            clock_mhz,
            settings.baud,
            len(settings.held_high),
            variant=variant,
        )
    except ValueError as error:
        raise BoardError(f"board {board.name}: {error}") from error


def serial_top(board: Board, settings: LineSettings, clock_mhz: float, variant: str = "") -> str:
    """Return the Verilog of the module ``top``; see ``plan_line``.

    Raises
    ------
    BoardError
        If the board's PLL cannot make the clock, or the baud rate cannot be made.
    """
    params = plan_line(board, settings, clock_mhz, variant)
    head = f"// {TOP}: {board.title}, {clock_mhz:g} MHz, {params.baud:.0f} baud\n"
    return head + component_verilog(Top(params), TOP)


def sources(build: Path) -> list[str]:
    """Return the names of the Verilog files of a build's ``rtl/``."""
    return sorted(path.name for path in (build / "rtl").glob("*.v"))
