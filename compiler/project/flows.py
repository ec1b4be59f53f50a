"""Which project a board gets: one entry a tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...boards.board import Board
from ...runtime.errors import BoardError, ToolError, UsageError
from . import nextpnr_ecp5, nextpnr_gowin, nextpnr_ice40
from .bitstream import Routed, check_packages, make_open_bitstream
from .open_project import OpenProject, write_open_project
from .quartus.write import write_project as write_quartus
from .serial_top import plan_line
from .settings import line_settings
from .vivado.write import write_project as write_vivado

CLOCKS_MHZ = (0.001, 1000.0)
"""No FPGA's clock is slower or faster."""


@dataclass(frozen=True)
class Flow:
    """What a tool does for a board.

    Attributes
    ----------
    write : callable
        ``(board, clock_mhz, seed, build)`` writes ``project/`` and returns its folder.
    plan : callable or None
        ``(board, clock_mhz, seed)`` gives the project of an open tool, which pip installs; None for
        a vendor's tool, whose project the user runs.
    """

    write: Callable[[Board, float, int, Path], Path]
    plan: Callable[[Board, float, int], OpenProject] | None = None


def _open(plan: Callable[[Board, float, int], OpenProject]) -> Flow:
    def write(board: Board, clock_mhz: float, seed: int, build: Path) -> Path:
        return write_open_project(board, plan(board, clock_mhz, seed), clock_mhz, build)

    return Flow(write, plan)


FLOWS = {
    "nextpnr-ecp5": _open(nextpnr_ecp5.plan),
    "nextpnr-ice40": _open(nextpnr_ice40.plan),
    "nextpnr-gowin": _open(nextpnr_gowin.plan),
    "vivado": Flow(write_vivado),
    "quartus": Flow(write_quartus),
}
"""By ``tool`` of a board's file."""


def write_project(board: Board, clock_mhz: float, seed: int, build: Path) -> Path:
    """Write ``project/`` of a build with the board's tool.

    Parameters
    ----------
    board : Board
    clock_mhz : float
        Clock of the core.
    seed : int
        Of placement.
    build : Path
        Its ``rtl/`` is there already.

    Returns
    -------
    Path
        The project's folder.

    Raises
    ------
    BoardError
        If the board has no tool, its file lacks something, or its clock or baud rate cannot be
        made.
    """
    return _flow(board).write(board, clock_mhz, seed, build)


def check_tools(board: Board) -> None:
    """Make sure that the tools for the board's bitstream are there.

    Raises
    ------
    BoardError
        If the board has no tool.
    ToolError
        If the tool is a vendor's, or a package is missing.
    """
    project = _plan(board, board.clock_mhz, 0)
    check_packages((project.route, project.pack))


def make_bitstream(board: Board, clock_mhz: float, seed: int, build: Path) -> Routed:
    """Run the tools on ``project/`` of a build; see ``make_open_bitstream``.

    Raises
    ------
    BoardError, ToolError
        See ``check_tools``; or a tool fails.
    """
    return make_open_bitstream(_plan(board, clock_mhz, seed), build)


def check_clock(board: Board, clock_mhz: float) -> None:
    """Make sure that the board can make a core's clock, and its baud rate with it.

    A Zynq's clocks are Vivado's to make, and a board that is only a budget makes none.

    Raises
    ------
    UsageError
        If no FPGA has such a clock.
    BoardError
        If the board cannot make it, with the nearest that it can; or its file lacks something.
    """
    slowest, fastest = CLOCKS_MHZ
    if not slowest <= clock_mhz <= fastest:
        raise UsageError(
            f"clock_mhz must be between {slowest:g} and {fastest:g}, not {clock_mhz:g}"
        )
    if board.tool is None or board.shell != "uart":
        return
    plan = _flow(board).plan
    if plan is None:
        plan_line(board, line_settings(board), clock_mhz)
        return
    project = plan(board, clock_mhz, 0)
    plan_line(board, project.line, clock_mhz, project.variant)


def can_clock(board: Board, clock_mhz: float) -> bool:
    """Whether the board can make a core's clock; see ``check_clock``."""
    try:
        check_clock(board, clock_mhz)
    except (BoardError, UsageError):
        return False
    return True


def _flow(board: Board) -> Flow:
    if board.tool is None:
        raise BoardError(f"board {board.name} must have a tool, and it is only a budget so far")
    if board.tool not in FLOWS:
        raise BoardError(
            f"board {board.name}: tool must be one of {', '.join(FLOWS)}, not {board.tool!r}"
        )
    return FLOWS[board.tool]


def _plan(board: Board, clock_mhz: float, seed: int) -> OpenProject:
    plan = _flow(board).plan
    if plan is None:
        raise ToolError(
            f"a bitstream for {board.name} needs {board.tool}, which pip does not install; "
            "leave --bitstream out, and run the project where the tool is"
        )
    return plan(board, clock_mhz, seed)
