"""``sangi boards``: what can be built for."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ...boards.board import Board
from ...boards.load import list_boards, load_board
from .console import show_table


def boards(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME|FILE.toml]", help="Show this board only.")
    ] = None,
) -> None:
    """List the boards that are known, or show one."""
    if name is not None:
        board = load_board(name)
        show_table(board.title, ("", ""), _details(board), left=2)
        return
    rows = []
    for known in list_boards():
        board = load_board(known)
        counts = (board.lut, board.ff, board.bram, board.dsp)
        numbers = (f"{count:,}" for count in counts)
        rows.append((known, board.part, *numbers, board.shell or "–", board.tool or "–"))
    columns = ("name", "part", "LUT", "FF", "block RAM", "DSP", "shell", "tool")
    show_table("Boards", columns, rows, left=2)


def _details(board: Board) -> list[tuple[str, str]]:
    return [
        ("name", board.name),
        ("part", board.part),
        ("family", board.family),
        ("look-up tables", f"{board.lut:,}"),
        ("flip-flops", f"{board.ff:,}"),
        ("block RAMs", f"{board.bram:,}"),
        ("DSP blocks", f"{board.dsp:,}"),
        ("clock", f"{board.clock_mhz:g} MHz"),
        ("shell", board.shell or "none: a budget to compile for"),
        ("tool", board.tool or "none: compile writes everything but project/"),
        *(
            (f"{table}.{key}", _spelled(value))
            for table, values in board.settings.items()
            for key, value in values.items()
        ),
        ("source", board.source or "not said"),
    ]


def _spelled(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
