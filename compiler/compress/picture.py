"""A search as a picture: how good against how small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...runtime.errors import UsageError
from ..workspace import new_file
from .history import History
from .search.events import Candidate
from .sizes import Encoding, Sizes
from .trainer import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

FORMATS = (".png", ".svg")

PANELS: dict[Encoding, str] = {"dense": "dense", "deflate": "DEFLATEd"}
"""The encodings that are drawn, and what they are called."""

COLORS = ("#3b6ea5", "#c98a1b", "#5a8f4e", "#7d5ba6", "#4aa3a3", "#8a8a8a")
"""Stages, in their order."""

CHOSEN = "#b3202a"

ROOM = 2.0
"""Candidates further below the target than this times what may be lost are drawn at the edge."""

LEAST_ROOM = 0.005
"""Of the target: so far the scale goes below it anyway."""

BITS_PER_KIB = 8 * 1024

LEAST_KIB = 1 / BITS_PER_KIB


def write_picture(
    history: History,
    path: Path,
    *,
    title: str,
    metric: str,
    result: tuple[Score, Sizes],
) -> None:
    """Draw accuracy over size, one marker per candidate; same search, same bytes.

    Filled markers hold the target with their standard error (the whisker below) subtracted, hollow
    ones do not; triangles at the lower edge lie below it. Stages have colours, the path taken is a
    line. On the left dense bits, on the right DEFLATEd ones.

    Parameters
    ----------
    history : History
    path : Path
        To write: ``.png`` or ``.svg``.
    title : str
    metric : str
        The name of the metric; ``top-1`` is shown in percent.
    result : (Score, Sizes)
        Of what was written: the search's choice, or that after the last fine-tuning.

    Raises
    ------
    UsageError
        If the name ends in neither .png nor .svg.
    BuildError
        If the file cannot be written.
    """
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"the picture {path} must end in {' or '.join(FORMATS)}")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # SVG ids are drawn at random, and both formats say when and by what they were made.
    with rc_context({"svg.hashsalt": "sangi", "font.family": "DejaVu Sans", "font.size": 9}):
        figure = Figure(figsize=(11.0, 5.2), layout="constrained")
        figure.suptitle(title)
        percent = metric == "top-1"
        panels = figure.subplots(1, len(PANELS), sharey=True)
        for axes, encoding in zip(panels, PANELS, strict=True):
            _Panel(axes, encoding, history, 100.0 if percent else 1.0).draw(*result)
        panels[0].set_ylabel(f"{metric} on the validation part{', %' if percent else ''}")
        panels[0].legend(loc="lower right", fontsize=8)
        metadata = {"Software": None} if path.suffix.lower() == ".png" else {"Date": None}
        with new_file(path) as place:
            figure.savefig(place, format=path.suffix.lower()[1:], dpi=120, metadata=metadata)


@dataclass(frozen=True, eq=False)
class _Panel:
    """One panel: accuracy over the size in one encoding.

    Attributes
    ----------
    axes : Axes
    encoding : str
    history : History
    unit : float
        Scores are multiplied by it.
    """

    axes: Axes
    encoding: Encoding
    history: History
    unit: float

    def draw(self, score: Score, sizes: Sizes) -> None:
        """Draw everything; score and sizes are those of the result."""
        axes, history, unit = self.axes, self.history, self.unit
        bottom, target = unit * self._bottom, unit * history.target
        axes.axhspan(bottom, target, color="#f6e3e3", linewidth=0, zorder=0)
        axes.axhline(target, color="#888888", linewidth=0.9, label="target")
        names = list(history.stages.values())
        for place, (number, name) in enumerate(history.stages.items()):
            color = COLORS[place % len(COLORS)]
            for one in history.candidates:
                if one.steps[-1].number == number:
                    self._mark(one, color)
            axes.plot([], [], "o", color=color, label=_name(names, place, name))
        path = [(one.score, one.sizes) for one in history.path]
        self._line(path, "-", color=CHOSEN, label="path taken", linewidth=1.3, zorder=2)
        self._line(path[:1], "s", color="#1f1f1f", label="original", zorder=4)
        self._line([(score, sizes)], "*", color=CHOSEN, label="result", markersize=12, zorder=5)
        axes.set_ylim(bottom=bottom)
        axes.grid(True, which="both", linewidth=0.3, color="#dddddd")
        axes.set_xscale("log")
        axes.set_xlabel(f"weights, {PANELS[self.encoding]}, KiB")
        _plain(axes.xaxis)
        whole = history.original.sizes.float32 / BITS_PER_KIB

        def times(kib: npt.ArrayLike) -> npt.ArrayLike:
            # matplotlib also asks at 0, where a logarithmic axis is not.
            return whole / np.maximum(np.asarray(kib, np.float64), LEAST_KIB)

        top = axes.secondary_xaxis("top", functions=(times, times))
        top.set_xlabel("times smaller than float32")
        _plain(top.xaxis)

    @property
    def _bottom(self) -> float:
        """The lowest score that is drawn in its place."""
        history = self.history
        lowest = min(
            one.score.value - 2 * one.score.error for one in (history.original, *history.candidates)
        )
        lost = history.original.score.value - history.target
        room = max(ROOM * lost, LEAST_ROOM * abs(history.target))
        return max(lowest, history.target - room)

    def _line(self, points: Sequence[tuple[Score, Sizes]], style: str, **looks: Any) -> None:
        """Draw points in one style."""
        self.axes.plot(
            [_kib(sizes, self.encoding) for _, sizes in points],
            [self.unit * max(score.value, self._bottom) for score, _ in points],
            style,
            **looks,
        )

    def _mark(self, one: Candidate, color: str) -> None:
        """Draw one candidate."""
        below = one.score.value < self._bottom
        self.axes.errorbar(
            [_kib(one.sizes, self.encoding)],
            [self.unit * max(one.score.value, self._bottom)],
            yerr=None if below else [[self.unit * one.score.error], [0.0]],
            fmt="v" if below else "o",
            color=color,
            markerfacecolor=color if one.holds else "white",
            markersize=5,
            elinewidth=0.8,
            clip_on=not below,
            zorder=3,
        )


def _plain(axis: Axis) -> None:
    """Label a logarithmic axis with numbers at 1, 2 and 5 of every decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _name(names: Sequence[str], place: int, name: str) -> str:
    """Return a stage's name, numbered where several share it."""
    if names.count(name) == 1:
        return name
    return f"{name} {names[: place + 1].count(name)}"


def _kib(sizes: Sizes, encoding: Encoding) -> float:
    """Return a size in KiB; a logarithm has no place for nothing."""
    bits: int = getattr(sizes, encoding)
    return max(LEAST_KIB, bits / BITS_PER_KIB)
