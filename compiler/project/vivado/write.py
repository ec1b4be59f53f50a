"""The Vivado project that a board's shell asks for."""

from __future__ import annotations

from pathlib import Path

from ....boards.board import Board
from .uart import write_uart_project
from .zynq import write_zynq_project


def write_project(board: Board, clock_mhz: float, seed: int, build: Path) -> Path:
    """Write ``project/`` of a build.

    Parameters
    ----------
    board : Board
        With the shell ``uart`` or ``axi``.
    clock_mhz : float
        Clock of the core.
    seed : int
        Not used: Vivado's placer has none.
    build : Path
        Its ``rtl/`` is there already, the shell's Verilog included.

    Raises
    ------
    BoardError
        If the board's file lacks something, or its clock or baud rate cannot be made.
    """
    del seed
    if board.shell == "axi":
        return write_zynq_project(board, clock_mhz, build)
    return write_uart_project(board, clock_mhz, build)
