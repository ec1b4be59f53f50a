"""The frontier as a picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...boards.board import Board
from ...runtime.errors import UsageError
from ..mapping.limits import KINDS, Vector, total
from ..mapping.select import vector
from ..workspace import check_place, new_file
from .frontier import Frontier, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg")

MIXED = "#b3202a"
"""Red rods: all engines together."""

ALONE = ("#1f1f1f", "#8a8a8a", "#3b6ea5", "#c98a1b", "#5a8f4e")
"""Engines alone, in their order."""

STYLES = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

LIMIT = "#999999"

STAIRS = "steps-pre"
"""A rate between two points costs what the faster one costs."""


def check_plot(path: Path) -> None:
    """Refuse the name of a picture that is neither PNG nor SVG, or stands where none can be.

    Raises
    ------
    UsageError
        If the name ends in neither .png nor .svg.
    BuildError
        If the file cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"the plot {path} must end in {' or '.join(FORMATS)}")
    check_place(path)


def write_plot(frontier: Frontier, path: Path) -> None:
    """Draw the ``figure_of`` a frontier; same frontier, same bytes.

    Raises
    ------
    UsageError
        If the name ends in neither .png nor .svg.
    BuildError
        If the file cannot be written.
    """
    check_plot(path)
    from matplotlib import rc_context

    # SVG ids are drawn at random, and both formats say when and by what they were made.
    with rc_context({"svg.hashsalt": "sangi", "font.family": "DejaVu Sans", "font.size": 9}):
        figure = figure_of(frontier)
        metadata = {"Software": None} if path.suffix.lower() == ".png" else {"Date": None}
        with new_file(path) as place:
            figure.savefig(place, format=path.suffix.lower()[1:], dpi=120, metadata=metadata)


def figure_of(frontier: Frontier) -> Figure:
    """Return what circuits cost over frames per second.

    Above the cost that the search makes small, in percent of what may be used (a little more than
    100 where several resources are almost used up), below each resource by itself, in percent of
    the board, with what may be used of it; all engines together in red, every engine alone beside
    it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 7.0), layout="constrained")
    rows = figure.add_gridspec(2, 4, height_ratios=(2.2, 1.0))
    board = frontier.board
    figure.suptitle(
        f"{frontier.program.name} on {board.name} ({board.part}, {frontier.clock_mhz:g} MHz)"
    )
    main = figure.add_subplot(rows[0, :])
    _draw(main, frontier, _cost, 100.0, 4)
    main.set_ylabel("cost, % of what may be used")
    main.set_xlabel("frames per second")
    main.legend(loc="best")
    for number, (kind, has) in enumerate(zip(KINDS, _whole(board), strict=True)):
        axes = figure.add_subplot(rows[1, number])
        limit = float(100 * frontier.budget[number] / has)
        _draw(axes, frontier, partial(_part, number, has), limit, 2)
        axes.set_title(f"{kind}, % of the board", fontsize=9)
    return figure


def _draw(
    axes: Axes, frontier: Frontier, height: Callable[[Point], float], limit: float, marker: float
) -> None:
    """Draw the curve of every engine that has points alone, of all together, and their limit."""
    for place, (engine, points) in enumerate(frontier.alone.items()):
        if not points:
            continue
        axes.plot(
            [point.fps for point in points],
            [height(point) for point in points],
            color=ALONE[place % len(ALONE)],
            linestyle=STYLES[place % len(STYLES)],
            drawstyle=STAIRS,
            # A single point has no line.
            marker="." if len(points) == 1 else None,
            linewidth=1.1,
            label=f"{engine} alone",
        )
    axes.plot(
        [point.fps for point in frontier.points],
        [height(point) for point in frontier.points],
        color=MIXED,
        drawstyle=STAIRS,
        marker="o",
        markersize=marker,
        linewidth=0.6 + 0.3 * marker,
        label="all engines" if len(frontier.alone) > 1 else "circuits",
    )
    axes.axhline(limit, color=LIMIT, linewidth=1.0, label="one resource used up")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.grid(True, which="both", linewidth=0.3, color="#dddddd")


def _whole(board: Board) -> Vector:
    """Return what a board has, above 0."""
    return np.maximum(total(board), 1e-9)


def _cost(point: Point) -> float:
    return 100 * point.cost


def _part(number: int, has: float, point: Point) -> float:
    return float(100 * vector(point.resources)[number] / has)
