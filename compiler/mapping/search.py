"""The search over intervals: the cheapest circuit for one, and the fastest that fits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...runtime.ops.conv import Conv
from ...runtime.program import Program
from .divisors import divisors
from .limits import Vector
from .offers import Offers
from .plan import Plan, TooFast, make_plan
from .select import Choice, Chooser, thrift, vector

REACH = 4
"""Part of a limit, as its inverse, down to which shorter intervals are looked at."""

TRIALS = 12
"""Number of them."""


@dataclass(frozen=True, eq=False)
class Found:
    """A choice, the interval and the room that it was to keep."""

    interval: int
    room: Vector
    choice: Choice

    @cached_property
    def cost(self) -> float:
        """What the choice costs, in parts of the room: what the search makes small."""
        return float(thrift(vector(self.choice.total) / np.maximum(self.room, 1e-9)))

    @property
    def cycles(self) -> int:
        """Cycles per frame of the slowest unit, at most ``interval``.

        The dataflow model may find the circuit slower where units wait for each other.
        """
        return max(params.cycles for params in self.choice.params)


class Search:
    """Circuits of one program, with FIFOs of the least depth.

    Parameters
    ----------
    program : Program
    offers : Offers
        What the engines offer it.
    chooser : Chooser
        Of the board's family.
    """

    def __init__(self, program: Program, offers: Offers, chooser: Chooser) -> None:
        self.program = program
        self.offers = offers
        self.chooser = chooser
        self.intervals = candidates(program, offers)
        # A plan does not depend on the room: made once, None where it is too fast.
        self._made: dict[int, Plan | None] = {}

    def at(self, interval: int, room: Vector) -> Found | None:
        """Return the cheapest choice for an interval, None if some layer cannot be that fast.

        It need not fit; then it is the one that misses the room least.
        """
        plan = self._plan(interval)
        return None if plan is None else Found(interval, room, self.chooser.choose(plan, room))

    def _plan(self, interval: int) -> Plan | None:
        """Return the plan for an interval, or one for a shorter where the streams' lanes forbid it.

        The unrolled engine also takes the steps of its window on which it gives nothing: an
        interval that its streams just keep may be too short for it, and one for which they have
        more lanes not.
        """
        shorter = [one for one in self.intervals if interval / 2 < one < interval]
        plans = (self._plan_for(one) for one in (interval, *reversed(_some(shorter))))
        return next((plan for plan in plans if plan is not None), None)

    def _plan_for(self, interval: int) -> Plan | None:
        """Return the plan whose streams have the fewest lanes for an interval."""
        if interval not in self._made:
            try:
                self._made[interval] = make_plan(self.program, interval, self.offers)
            except TooFast:
                self._made[interval] = None
        return self._made[interval]

    def cheapest(self, limit: int, room: Vector) -> Found | None:
        """Return the cheapest choice of at most ``limit`` cycles, None if there is none.

        Lanes must divide channels, so a faster circuit may be the cheaper one: intervals down to a
        quarter of the limit are looked at. It need not fit.
        """
        shorter = [interval for interval in self.intervals if limit / REACH <= interval < limit]
        found = [self.at(interval, room) for interval in (limit, *reversed(_some(shorter)))]
        return min(
            (one for one in found if one is not None),
            key=lambda one: (not one.choice.fits, one.cost),
            default=None,
        )

    def fastest(self, room: Vector) -> Found | None:
        """Return the fastest choice that fits, or the slowest one of all where none does.

        A shorter interval mostly takes more, but not always: some below the one that is found by
        bisection are looked at, and from the first that fits the search goes on.
        """
        slowest = self.at(self.intervals[-1], room)
        if slowest is None or not slowest.choice.fits:
            return slowest
        best = self._bisect(0, slowest, room)
        low = 0
        for interval in _some([one for one in self.intervals if one < best.interval]):
            found = self.at(interval, room)
            if found is not None and found.choice.fits:
                return self._bisect(low, found, room)
            low = self.intervals.index(interval) + 1
        return best

    def _bisect(self, low: int, best: Found, room: Vector) -> Found:
        """Return the fastest choice that fits from interval number ``low`` up to one that does."""
        high = self.intervals.index(best.interval)
        while low < high:
            middle = (low + high) // 2
            found = self.at(self.intervals[middle], room)
            if found is not None and found.choice.fits:
                best, high = found, middle
            else:
                low = middle + 1
        return best

    def slowest(self, interval: int) -> str:
        """Say which layer has no circuit that meets an interval."""
        try:
            make_plan(self.program, interval, self.offers)
        except TooFast as error:
            lanes = self.offers.freedom(error.node)
            return f"'{error.node}' takes more than {interval} cycles with {lanes}"
        return f"it takes more than {interval} cycles"


def _some(intervals: list[int]) -> list[int]:
    """Return at most ``TRIALS`` of ascending intervals, spread evenly."""
    return intervals[:: -(-len(intervals) // TRIALS) or 1]


def candidates(program: Program, offers: Offers) -> tuple[int, ...]:
    """Return the intervals at which some layer or stream changes its folding, ascending."""
    found = offers.intervals()
    for kind in program.types.values():
        found.update(kind.elements // lanes for lanes in divisors(kind.channels))
    for node in program.nodes:
        if isinstance(node.op, Conv):
            continue
        kernel = getattr(node.op, "kernel", (1, 1))
        kind = program.types[node.output]
        found.update(
            kind.pixels * kernel[0] * kernel[1] * kind.channels // lanes
            for lanes in divisors(kind.channels)
        )
    return tuple(sorted(found))
