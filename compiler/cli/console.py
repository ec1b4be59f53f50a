"""What the commands show: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

FILE_WIDTH = 200
"""Columns of a table that goes to a file or a pipe."""


def show_error(message: str) -> None:
    """Print an error on stderr; the message itself is never wrapped or interpreted."""
    _on_stderr().print(Text("error: ", style="bold red") + Text(message), soft_wrap=True)


def show_warning(message: str) -> None:
    """Print a warning on stderr."""
    _on_stderr().print(Text("warning: ", style="bold yellow") + Text(message), soft_wrap=True)


def show_note(message: str) -> None:
    """Print on stderr what the user should know and need not mend."""
    _on_stderr().print(Text("note: ", style="bold") + Text(message), soft_wrap=True)


def show_line(message: str) -> None:
    """Print one line on stdout."""
    Console().print(Text(message), soft_wrap=True)


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1
) -> None:
    """Print a table on stdout; all columns but the first ``left`` are aligned right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index >= left else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        # A file has no width; 80 columns would break lines that others search.
        console = Console(width=FILE_WIDTH)
    console.print(table)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Show the steps of a long command on stderr, each with its seconds when it is done.

    Yields
    ------
    callable
        Call it with the name of the step that begins.
    """
    console = _on_stderr()
    current: str | None = None
    began = time.monotonic()

    def finish() -> None:
        if current is not None:
            console.print(Text(f"{time.monotonic() - began:7.1f} s  {current}"), soft_wrap=True)

    with console.status("") as status:

        def begin(step: str) -> None:
            nonlocal current, began
            finish()
            current, began = step, time.monotonic()
            status.update(Text(step))

        yield begin
        finish()


def _on_stderr() -> Console:
    return Console(stderr=True)
