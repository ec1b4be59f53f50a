"""From a program and a board to the fastest circuit that fits, or the cheapest one that will do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...boards.board import Board
from ...hdl.engines import engine_of
from ...hdl.fifo.cost import cost as fifo_cost
from ...runtime.errors import FitError
from ...runtime.program import Program
from ...sim.dataflow.steady import Unsettled, steady
from ..problems import refusal
from .dataflow import dataflow_of, join
from .design import Design, Stream, Unit
from .explain import explain
from .fifos import Depths, size_fifos
from .fit import check_shell, too_large
from .limits import Vector, budget_of, total
from .memory import burst_of, fifo_params, least_depth
from .offers import Offers
from .refusals import node_problems, size_problems
from .resources import shell_resources, total_resources
from .search import Found, Search
from .select import Choice, Chooser, vector
from .unrolled import levels_at
from .wishes import Wishes

Progress = Callable[[str], None]

WORTHWHILE = 0.002
"""Part of a board's resource for which a FIFO's depth is bisected."""

DOUBLINGS = 4
"""How often the frames are doubled in which the steady state must be proved; mostly never."""

ATTEMPTS = 6
"""Circuits whose FIFOs are sized before the search gives up."""


def map_program(
    program: Program,
    board: Board,
    *,
    clock_mhz: float | None = None,
    target_fps: float | None = None,
    wishes: Wishes | None = None,
    levels: int | None = None,
    progress: Progress | None = None,
) -> Design:
    """Choose engine, folding and FIFO depth for every op of a program.

    Parameters
    ----------
    program : Program
    board : Board
    clock_mhz : float, optional
        Clock of the core; the board's own by default.
    target_fps : float, optional
        Frames per second: the cheapest circuit that reaches them; by default the fastest that fits
        in 80 % of every resource.
    wishes : Wishes, optional
        Engines, limits, and what is fixed of single layers.
    levels : int, optional
        Adders in a row between two registers; by default as many as the clock leaves time for.
    progress : callable, optional
        Called with a line of text now and then.

    Returns
    -------
    Design
        Its interval and freedom from deadlock are proved by the dataflow model.

    Raises
    ------
    FitError
        If no circuit fits, or none that fits reaches ``target_fps``.
    UnsupportedError
        Once, for all nodes that no engine computes or whose frames are too large.
    UsageError
        If the wishes do not fit program or board.
    """
    clock = board.clock_mhz if clock_mhz is None else clock_mhz
    if levels is None:
        levels = levels_at(board.family, clock)
    say = progress if progress is not None else _silent
    problems = (*node_problems(program.nodes), *size_problems(program))
    if problems:
        raise refusal(program.name, problems)
    wishes = Wishes() if wishes is None else wishes
    return _Mapper(program, board, clock, target_fps, wishes, levels, say).run()


def _silent(_: str) -> None:
    """Say nothing."""


class _Mapper:
    """The way of one program to one board."""

    def __init__(
        self,
        program: Program,
        board: Board,
        clock_mhz: float,
        target_fps: float | None,
        wishes: Wishes,
        levels: int,
        say: Progress,
    ) -> None:
        self.program = program
        self.board = board
        self.clock_mhz = clock_mhz
        self.wishes = wishes
        self.say = say
        self.budget = budget_of(board, wishes.limits)
        self.shell = vector(shell_resources(board))
        # A rate near 0 allows more cycles than a whole number can be made of.
        self.limit = None if target_fps is None else int(min(clock_mhz * 1e6 / target_fps, 2**62))
        self.target_fps = target_fps
        offers = Offers(program, wishes, board.family, levels)
        self.search = Search(program, offers, Chooser(board.family))

    def run(self) -> Design:
        check_shell(self.program, self.board, self.budget)
        if self.limit == 0:
            raise FitError(self._too_fast("no circuit takes more than one frame a cycle"))
        # What FIFOs take beyond their least depth is known only when they are sized: then the
        # next attempt leaves room for it.
        reserve: Vector = np.zeros(4)
        tightened = self.limit
        for _ in range(ATTEMPTS):
            found = self._find(reserve, tightened)
            self.say(f"size the FIFOs for {found.interval} cycles per frame")
            design = self._design(found.choice)
            taken = vector(total_resources(design))
            fits = bool((taken <= self.budget).all())
            quick = self.limit is None or design.cycles_per_frame <= self.limit
            if fits and quick:
                reasons = explain(found.choice, found.interval, found.room, self.wishes)
                return replace(design, reasons=reasons)
            before = (*reserve, tightened)
            if not fits:
                extra = taken - self.shell - vector(found.choice.total)
                reserve = np.maximum(reserve, 1.02 * np.maximum(extra, 0.0))
            if not quick and self.limit is not None:
                # Rings cost cycles beyond the foldings' own: ask for foldings that much faster.
                miss = self.limit / design.cycles_per_frame
                tightened = min(int((tightened or self.limit) * miss), found.interval - 1)
            if tightened == 0 or (*reserve, tightened) == before:
                break
        if fits:
            takes = f"{design.cycles_per_frame} cycles per frame, not {self.limit}"
            raise FitError(self._too_fast(f"the fastest circuit found takes {takes}"))
        raise self._failure(found.choice, reserve)

    def _find(self, reserve: Vector, limit: int | None) -> Found:
        """Return the fastest choice that fits, or the cheapest within ``limit``."""
        room = self.budget - self.shell - reserve
        name, search = self.program.name, self.search
        if limit is None:
            found = search.fastest(room)
            if found is None:
                slowest = search.slowest(search.intervals[-1])
                raise FitError(f"network '{name}' has no circuit: {slowest}")
        else:
            found = search.cheapest(limit, room)
            if found is None:
                raise FitError(self._too_fast(search.slowest(limit)))
        if not found.choice.fits:
            raise self._failure(found.choice, reserve)
        return found

    def _too_fast(self, reason: str) -> str:
        return (
            f"network '{self.program.name}' cannot reach {self.target_fps:g} frames/s at "
            f"{self.clock_mhz:g} MHz: {reason}; ask for fewer frames or a faster clock"
        )

    def _failure(self, choice: Choice, reserve: Vector) -> FitError:
        target = None
        if self.target_fps is not None:
            target = f"{self.target_fps:g} frames/s and {self.clock_mhz:g} MHz"
        return too_large(self.program, choice, self.board, self.budget, reserve, target)

    def _design(self, choice: Choice) -> Design:
        """Size the FIFOs of a choice and prove its steady state."""
        units, streams = lay_out(choice)
        family = self.board.family
        params = {unit.name: unit.params for unit in units}
        behind = {stream.name: stream for stream in streams if stream.source is not None}
        bursts = {
            name: burst_of(params[stream.source])
            for name, stream in behind.items()
            if stream.source is not None
        }
        available = np.maximum(total(self.board), 1.0)

        def cost(name: str, depth: int) -> float:
            fifo = fifo_params(behind[name].beat.width, depth, bursts[name], family)
            return float((vector(fifo_cost(fifo, family)) / available).max())

        least = {name: least_depth(s.beats, bursts[name]) for name, s in behind.items()}
        sized: Depths = size_fifos(join(units, streams), least, cost, least_gain=WORTHWHILE)
        streams = tuple(
            replace(stream, depth=sized.depths.get(stream.name, 0)) for stream in streams
        )
        draft = Design(self.program, self.board, self.clock_mhz, units, streams, 0, 0)
        self.say("prove the steady state")
        try:
            proved = steady(dataflow_of(draft), doublings=DOUBLINGS)
        except Unsettled as error:
            raise FitError(
                f"network '{self.program.name}' has no steady state that could be proved: {error}; "
                "another --target-fps gives another circuit"
            ) from error
        return replace(
            draft,
            cycles_per_frame=proved.cycles_per_frame,
            latency_cycles=proved.latency_cycles,
        )


def lay_out(choice: Choice) -> tuple[tuple[Unit, ...], tuple[Stream, ...]]:
    """Return units and streams of a choice, the streams without depth."""
    slots = choice.plan.slots
    names = [f"s{number:02d}" for number in range(len(choice.plan.edges))]
    units = tuple(
        Unit(
            name=slot.name,
            engine=engine_of(params).name,
            params=params,
            node=slot.node,
            inputs=tuple(names[number] for number in slot.inputs),
            outputs=tuple(names[number] for number in slot.outputs),
        )
        for slot, params in zip(slots, choice.params, strict=True)
    )
    streams = tuple(
        Stream(
            name=name,
            tensor=edge.tensor,
            beat=edge.beat,
            beats=edge.beats,
            depth=0,
            source=None if edge.source is None else slots[edge.source].name,
            target=None if edge.target is None else slots[edge.target].name,
        )
        for name, edge in zip(names, choice.plan.edges, strict=True)
    )
    return units, streams
