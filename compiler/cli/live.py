"""The table of a search that runs, on stderr."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..compress.search.events import Event, SearchStarted
from .trainings import COLUMNS, NUMBERS, RUNNING, Row, rows_of, tail

FRAME = 6
"""Lines of the screen that the table leaves free."""

LEAST_ROWS = 8

REFRESHES = 2
"""Per second."""


@contextmanager
def live_table(*, percent: bool) -> Iterator[Callable[[Event], None]]:
    """Show on stderr what a search does: a growing table, or a line for each training in a file.

    Parameters
    ----------
    percent : bool
        Whether scores are shares, to be shown in percent.

    Yields
    ------
    callable
        To be called with every event.
    """
    console = Console(stderr=True)
    events: list[Event] = []
    began = time.monotonic()

    if not console.is_terminal:
        shown = 0

        def write(event: Event) -> None:
            nonlocal shown
            events.append(event)
            if isinstance(event, SearchStarted):
                console.print(Text(_line(COLUMNS)), soft_wrap=True)
            done = [row for row in rows_of(events, percent=percent) if row.state != RUNNING]
            for row in done[shown:]:
                console.print(Text(_line(row.cells)), soft_wrap=True)
            shown = len(done)

        yield write
        return

    def draw() -> Table:
        rows = rows_of(events, percent=percent)
        return _table(tail(rows, max(LEAST_ROWS, console.height - FRAME)), time.monotonic() - began)

    def add(event: Event) -> None:
        nonlocal began
        events.append(event)
        began = time.monotonic()

    with Live(
        console=console, get_renderable=draw, refresh_per_second=REFRESHES, transient=False
    ) as live:
        yield add
        live.refresh()


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell for cell in cells if cell)


def _table(rows: Sequence[Row], running: float) -> Table:
    """Return the table; the row in training shows its seconds so far."""
    table = Table(box=None, pad_edge=False)
    numbers = range(*NUMBERS.indices(len(COLUMNS)))
    for place, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if place in numbers else "left", no_wrap=True)
    for row in rows:
        cells = list(row.cells)
        if row.state == RUNNING:
            cells[-2] = f"{running:.0f}"
        table.add_row(*(Text(cell) for cell in cells), style=_style(row))
    return table


def _style(row: Row) -> str:
    if "chosen" in row.state:
        return "bold"
    return "dim" if row.state.startswith("misses") else ""
