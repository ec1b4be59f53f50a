"""The top level of a vendor's project for a board with a serial line."""

from __future__ import annotations

from pathlib import Path

from ...boards.board import Board
from ...hdl.shell.uart.top import Top, plan_top
from ...runtime.errors import BoardError
from ..circuit.shell import component_verilog
from .settings import LineSettings

TOP = "top"


def serial_top(board: Board, settings: LineSettings, clock_mhz: float) -> str:
    """Return the Verilog of the module ``top``.

    Raises
    ------
    BoardError
        If the board's PLL cannot make the clock, or the clock the baud rate.
    """
    try:
        params = plan_top(
            board.family,
            settings.oscillator_mhz,
            clock_mhz,
            settings.baud,
            len(settings.held_high),
        )
    except ValueError as error:
        raise BoardError(f"board {board.name}: {error}") from error
    head = f"// {TOP}: {board.title}, {clock_mhz:g} MHz, {params.baud:.0f} baud\n"
    return head + component_verilog(Top(params), TOP)


def sources(build: Path) -> list[str]:
    """Return the Verilog files of a build's ``rtl/`` as the scripts in ``project/`` name them."""
    return [f"../rtl/{path.name}" for path in sorted((build / "rtl").glob("*.v"))]
