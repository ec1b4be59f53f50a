"""The frontier of frame rate against resources, by the cost models, in seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...boards.board import Board
from ...hdl.cost import Resources
from ...hdl.engines import Params, engine_of
from ...runtime.errors import FitError
from ...runtime.program import Program
from ..mapping.fit import check_shell, too_large
from ..mapping.limits import Vector, budget_of, total
from ..mapping.offers import Offers
from ..mapping.refusals import node_problems
from ..mapping.resources import shell_resources
from ..mapping.search import Found, Search
from ..mapping.select import Chooser, vector
from ..mapping.unrolled import levels_at
from ..mapping.wishes import Wishes
from ..problems import refusal

POINTS = 16


@dataclass(frozen=True, eq=False)
class Point:
    """A circuit of the frontier.

    Attributes
    ----------
    cycles_per_frame : int
        Of its slowest unit.
    fps : float
    resources : Resources
        With the shell, and FIFOs of the least depth.
    share : float
        The largest part of a resource of the board that it takes, 0 … 1.
    cost : float
        What the mapping makes small: all four parts of what may be used beside the shell weighed
        together, 1 where all of one is used and little of the others.
    layers : mapping of str to Params
        By Conv and Dense node.
    """

    cycles_per_frame: int
    fps: float
    resources: Resources
    share: float
    cost: float
    layers: Mapping[str, Params]

    @property
    def engines(self) -> dict[str, int]:
        """Layers by engine, the engine of most layers first."""
        return dict(
            Counter(engine_of(params).name for params in self.layers.values()).most_common()
        )


@dataclass(frozen=True, eq=False)
class Frontier:
    """What every frame rate of a program costs on a board.

    Attributes
    ----------
    program : Program
    board : Board
    clock_mhz : float
    budget : float64 (4,)
        What a circuit may use: lut, ff, bram, dsp.
    points : tuple of Point
        Of all engines together, single ones included, the slowest first; none costs as much as a
        faster one.
    alone : mapping of str to tuple of Point
        The same of every engine that could compute all layers alone, where there is a choice.
    """

    program: Program
    board: Board
    clock_mhz: float
    budget: Vector
    points: tuple[Point, ...]
    alone: Mapping[str, tuple[Point, ...]]

    def rival(self, point: Point) -> tuple[str, Point] | None:
        """Return the cheapest circuit of one engine that is at least as fast as a point."""
        rivals = [
            (engine, other)
            for engine, others in self.alone.items()
            for other in others
            if other.cycles_per_frame <= point.cycles_per_frame
        ]
        return min(rivals, key=lambda rival: rival[1].cost, default=None)


def explore(
    program: Program,
    board: Board,
    *,
    clock_mhz: float | None = None,
    wishes: Wishes | None = None,
    points: int = POINTS,
    progress: Callable[[str], None] | None = None,
) -> Frontier:
    """Return the cheapest circuits for frame rates from the slowest to the fastest that fits.

    FIFOs have their least depth here, and units do not wait for each other; ``map_program`` sizes
    the FIFOs of one circuit and proves its interval.

    Parameters
    ----------
    program : Program
    board : Board
    clock_mhz : float, optional
        Clock of the core; the board's own by default.
    wishes : Wishes, optional
        Engines, limits, and what is fixed of single layers.
    points : int
        Frame rates that are looked at, at least 2, evenly spaced on a logarithmic scale; those at
        which single engines end up are added.
    progress : callable, optional
        Called with a line of text now and then.

    Raises
    ------
    FitError
        If no circuit fits.
    UnsupportedError
        Once, for all nodes that no engine computes.
    UsageError
        If the wishes do not fit program or board.
    """
    problems = node_problems(program.nodes)
    if problems:
        raise refusal(program.name, problems)
    wishes = Wishes() if wishes is None else wishes
    view = _View(board, board.clock_mhz if clock_mhz is None else clock_mhz, wishes)
    check_shell(program, board, view.budget)
    say = progress if progress is not None else _silent
    levels = levels_at(board.family, view.clock_mhz)
    offers = Offers(program, wishes, board.family, levels)
    chooser = Chooser(board.family)
    say("look for the fastest circuit that fits")
    search = Search(program, offers, chooser)
    fastest = search.fastest(view.room)
    if fastest is None:
        slowest = search.slowest(search.intervals[-1])
        raise FitError(f"network '{program.name}' has no circuit: {slowest}")
    if not fastest.choice.fits:
        raise too_large(program, fastest.choice, board, view.budget, None, None)
    grid = set(spread(search.intervals, fastest.interval, points))
    single = offers.engines if len(offers.engines) > 1 else ()
    searches = {engine: Search(program, offers.alone(engine), chooser) for engine in single}
    ends: dict[str, Found | None] = {}
    for engine, one in searches.items():
        say(f"weigh circuits of the engine {engine} alone")
        ends[engine] = one.fastest(view.room)
        # Where one engine ends up all are weighed, so that they can be compared there.
        found = cheapest(view.points(one, ends[engine], grid))
        grid |= {point.cycles_per_frame for point in found}
    alone = {
        engine: cheapest(view.points(one, ends[engine], grid)) for engine, one in searches.items()
    }
    say("weigh circuits of all engines together")
    mixed = view.points(search, fastest, grid)
    # Cheaper circuits of one engine are among the choices of all; the search may miss them.
    singles = [point for points in alone.values() for point in points]
    return Frontier(
        program, board, view.clock_mhz, view.budget, cheapest([*mixed, *singles]), alone
    )


def cheapest(points: Iterable[Point]) -> tuple[Point, ...]:
    """Return the points that cost less than every faster one, the slowest first."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda point: (point.cycles_per_frame, point.cost)):
        if not kept or point.cost < kept[-1].cost:
            kept.append(point)
    return tuple(reversed(kept))


def spread(intervals: Sequence[int], first: int, points: int) -> tuple[int, ...]:
    """Return about ``points`` of ascending intervals from ``first`` on, evenly on a log scale."""
    known = np.array([interval for interval in intervals if interval >= first])
    wanted = np.geomspace(known[0], known[-1], points)
    nearest = np.abs(np.log(known)[:, None] - np.log(wanted)).argmin(axis=0)
    return tuple(int(interval) for interval in known[np.unique(nearest)])


def _silent(_: str) -> None:
    """Say nothing."""


class _View:
    """What all frontiers of one call have in common."""

    def __init__(self, board: Board, clock_mhz: float, wishes: Wishes) -> None:
        self.board = board
        self.clock_mhz = clock_mhz
        self.budget = budget_of(board, wishes.limits)
        self.shell = vector(shell_resources(board))
        self.room = self.budget - self.shell

    def points(self, search: Search, fastest: Found | None, grid: Iterable[int]) -> list[Point]:
        """Return the points of a grid, and the fastest one, that fit."""
        found = [fastest, *(search.at(interval, self.room) for interval in grid)]
        return [self._point(search, one) for one in found if one is not None and one.choice.fits]

    def _point(self, search: Search, found: Found) -> Point:
        choice = found.choice
        resources = choice.total + shell_resources(self.board)
        return Point(
            cycles_per_frame=found.cycles,
            fps=self.clock_mhz * 1e6 / found.cycles,
            resources=resources,
            share=float((vector(resources) / np.maximum(total(self.board), 1e-9)).max()),
            cost=found.cost,
            layers={
                slot.node: params
                for slot, params in zip(choice.plan.slots, choice.params, strict=True)
                if slot.node is not None and slot.node in search.offers.layers
            },
        )
