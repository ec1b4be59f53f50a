"""The frontier as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...runtime.errors import UsageError
from ..mapping.limits import KINDS, total
from ..mapping.select import vector
from ..workspace import new_file
from .frontier import Frontier, Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg")

MIXED = "#b3202a"
"""Red rods: all engines together."""

ALONE = ("#1f1f1f", "#8a8a8a", "#3b6ea5", "#c98a1b", "#5a8f4e")
"""Engines alone, in their order."""

STYLES = ("--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

STAIRS = "steps-pre"
"""A rate between two points costs what the faster one costs."""


def check_plot(path: Path) -> None:
    """Refuse the name of a picture that is neither PNG nor SVG.

    Raises
    ------
    UsageError
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"the plot {path} must end in {' or '.join(FORMATS)}")


def write_plot(frontier: Frontier, path: Path) -> None:
    """Draw resources over frames per second; same frontier, same bytes.

    Above the largest part of any resource of the board, below each resource by itself; all engines
    together in red, every engine alone beside it.

    Raises
    ------
    UsageError
        If the name ends in neither .png nor .svg.
    BuildError
        If the file cannot be written.
    """
    check_plot(path)
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # SVG ids are drawn at random, and both formats say when and by what they were made.
    with rc_context({"svg.hashsalt": "sangi", "font.family": "DejaVu Sans", "font.size": 9}):
        figure = Figure(figsize=(9.0, 7.0), layout="constrained")
        rows = figure.add_gridspec(2, 4, height_ratios=(2.2, 1.0))
        board = frontier.board
        figure.suptitle(
            f"{frontier.program.name} on {board.name} ({board.part}, {frontier.clock_mhz:g} MHz)"
        )
        main = figure.add_subplot(rows[0, :])
        _draw(main, frontier, None)
        main.set_ylabel("largest part of any resource, %")
        main.set_xlabel("frames per second")
        main.legend(loc="upper left")
        for number, kind in enumerate(KINDS):
            axes = figure.add_subplot(rows[1, number])
            _draw(axes, frontier, number)
            axes.set_title(f"{kind}, %", fontsize=9)
        metadata = {"Software": None} if path.suffix.lower() == ".png" else {"Date": None}
        with new_file(path) as place:
            figure.savefig(place, format=path.suffix.lower()[1:], dpi=120, metadata=metadata)


def _draw(axes: Axes, frontier: Frontier, number: int | None) -> None:
    """Draw the curves of one resource, or of the largest part of any."""
    many = len(frontier.alone) > 1
    for place, (engine, points) in enumerate(frontier.alone.items()):
        axes.plot(
            [point.fps for point in points],
            _parts(frontier, points, number),
            color=ALONE[place % len(ALONE)],
            linestyle=STYLES[place % len(STYLES)],
            drawstyle=STAIRS,
            linewidth=1.1,
            label=f"{engine} alone",
        )
    axes.plot(
        [point.fps for point in frontier.points],
        _parts(frontier, frontier.points, number),
        color=MIXED,
        drawstyle=STAIRS,
        marker="o",
        markersize=4 if number is None else 2,
        linewidth=1.8 if number is None else 1.2,
        label="all engines" if many else "circuits",
    )
    if number is None:
        fill = 100 * (frontier.budget / np.maximum(total(frontier.board), 1e-9)).max()
        axes.axhline(fill, color="#bbbbbb", linewidth=0.8, label="what may be used")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.grid(True, which="both", linewidth=0.3, color="#dddddd")


def _parts(frontier: Frontier, points: Sequence[Point], number: int | None) -> list[float]:
    """Return the parts of the board, in percent, that points take."""
    has = np.maximum(total(frontier.board), 1e-9)
    parts = [100 * vector(point.resources) / has for point in points]
    return [float(part.max() if number is None else part[number]) for part in parts]
