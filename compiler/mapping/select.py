"""The choice among a plan's options: the cheapest circuit within a budget of four resources.

Each unit takes the option of least weighted cost. Weights start as the inverse of the budget; while
a resource is over its budget its weight grows (multiplicative weights, a Lagrangian relaxation of
the multiple-choice knapsack). Equal layers change sides together that way, so single exchanges
follow: first until the budget is kept, then to the circuit within it that leaves the most of what
is scarcest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...hdl.cost import Resources
from ...hdl.engines import Params, engine_of
from ...hdl.fifo.cost import cost as fifo_cost
from .limits import Vector
from .memory import burst_of, fifo_params, least_depth
from .plan import Plan, Slot

ROUNDS = 80
STEP = 0.5

SHARPNESS = 30.0
"""How closely the smooth maximum of the exchanges follows the largest part."""

SCARCITY = 8
"""Exponent of the measure of thrift: a resource used half as much as another counts little."""

TOLERANCE = 1e-9
"""Part of the measure that an exchange must gain, so that they end."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Parameters for every slot of a plan.

    Attributes
    ----------
    plan : Plan
    offered : tuple of tuple of Resources
        Per slot what every option costs, with FIFOs of the least depth.
    picked : tuple of int
        Per slot the number of the option that was taken.
    fits : bool
        Whether the sum keeps the budget.
    """

    plan: Plan
    offered: tuple[tuple[Resources, ...], ...]
    picked: tuple[int, ...]
    fits: bool

    @cached_property
    def params(self) -> tuple[Params, ...]:
        """One per slot."""
        return tuple(
            slot.options[number] for slot, number in zip(self.plan.slots, self.picked, strict=True)
        )

    @cached_property
    def costs(self) -> tuple[Resources, ...]:
        """One per slot."""
        return tuple(costs[number] for costs, number in zip(self.offered, self.picked, strict=True))

    @cached_property
    def total(self) -> Resources:
        """Sum of the costs."""
        return sum(self.costs, Resources())


def vector(resources: Resources) -> Vector:
    """Return lut, ff, bram, dsp as an array."""
    return np.array([resources.lut, resources.ff, resources.bram, resources.dsp])


class Chooser:
    """Choices for one family; remembers what parameters cost."""

    def __init__(self, family: str) -> None:
        self.family = family
        self._known: dict[Params, Resources] = {}

    def choose(self, plan: Plan, budget: Vector) -> Choice:
        """Return the cheapest choice within the budget, or the one that misses it least.

        The search also starts from the best choice of every engine alone, so that a mixture is
        never dearer than the best of them.
        """
        offered = tuple(tuple(self._costs(plan, slot)) for slot in plan.slots)
        room = np.maximum(budget, 1e-9)
        shares = [np.array([vector(cost) for cost in costs]) / room for costs in offered]
        starts = [_pick(shares)]
        for kept in _single_engines(plan):
            alone = _pick([table[rows] for table, rows in zip(shares, kept, strict=True)])
            numbers = [rows[i] for rows, i in zip(kept, alone, strict=True)]
            starts.append(_settle(shares, numbers))
        picked = min(starts, key=lambda numbers: _rank(_sum(shares, numbers)))
        return Choice(plan, offered, tuple(picked), _fits(_sum(shares, picked)))

    def _costs(self, plan: Plan, slot: Slot) -> list[Resources]:
        return [self._unit(params) + self._fifos(plan, slot, params) for params in slot.options]

    def _unit(self, params: Params) -> Resources:
        if params not in self._known:
            self._known[params] = engine_of(params).cost(params, self.family)
        return self._known[params]

    def _fifos(self, plan: Plan, slot: Slot, params: Params) -> Resources:
        total = Resources()
        burst = burst_of(params)
        for number in slot.outputs:
            edge = plan.edges[number]
            depth = least_depth(edge.beats, burst)
            fifo = fifo_params(edge.beat.width, depth, burst, self.family)
            total += fifo_cost(fifo, self.family)
        return total


def _single_engines(plan: Plan) -> list[list[list[int]]]:
    """Return per engine the options of every slot that are its own; all where it has none.

    Engines that do not compete with another one are left out.
    """
    names = [[engine_of(params).name for params in slot.options] for slot in plan.slots]
    rivals = dict.fromkeys(name for row in names if len(set(row)) > 1 for name in row)
    return [
        [[i for i, name in enumerate(row) if name == engine] or [*range(len(row))] for row in names]
        for engine in rivals
    ]


def _pick(shares: list[Vector]) -> list[int]:
    """Return an option per slot.

    Parameters
    ----------
    shares : list of float64 (options, 4)
        Costs in parts of the budget.
    """
    weights = np.ones(4)
    best, least = [0] * len(shares), np.inf
    for _ in range(ROUNDS):
        picked = [int(np.argmin(table @ weights)) for table in shares]
        used = _sum(shares, picked)
        if used.max() < least:
            best, least = picked, float(used.max())
        if least <= 1.0:
            break
        weights = weights * np.exp(STEP * np.clip(used - 1.0, -1.0, 1.0))
    return _settle(shares, _exchange(shares, best, _crowding))


def _settle(shares: list[Vector], picked: list[int]) -> list[int]:
    """Return a choice that no exchange makes cheaper, or less of a miss where it does not fit."""
    if not _fits(_sum(shares, picked)):
        picked = _exchange(shares, picked, _crowding)
    if not _fits(_sum(shares, picked)):
        return picked
    return _exchange(shares, picked, _thrift_within)


def _fits(used: Vector) -> bool:
    return float(used.max()) <= 1.0


def _rank(used: Vector) -> tuple[bool, float]:
    """Return what is the less the better a choice is: those that fit come first."""
    fits = _fits(used)
    return not fits, float(thrift(used) if fits else used.max())


def _sum(shares: list[Vector], picked: list[int]) -> Vector:
    total: Vector = np.zeros(4)
    for table, number in zip(shares, picked, strict=True):
        total = total + table[number]
    return total


def _crowding(used: Vector) -> Vector:
    """Return a smooth maximum of the four parts, for every row."""
    largest: Vector = used.max(axis=-1)
    spread: Vector = np.exp(SHARPNESS * (used - largest[..., None])).sum(axis=-1)
    smooth: Vector = largest + np.log(spread) / SHARPNESS
    return smooth


def thrift(used: Vector) -> Vector:
    """Return what a circuit costs a board: a smooth maximum of the four parts, for every row.

    The resource that is scarce counts most, and among equals less of the others.
    """
    cost: Vector = (used**SCARCITY).sum(axis=-1) ** (1 / SCARCITY)
    return cost


def _thrift_within(used: Vector) -> Vector:
    """Return ``thrift`` where all four parts keep the budget, infinity elsewhere."""
    return np.where(used.max(axis=-1) <= 1.0, thrift(used), np.inf)


def _exchange(
    shares: list[Vector], picked: list[int], measure: Callable[[Vector], Vector]
) -> list[int]:
    """Change the option of one slot at a time, the best first, while the measure falls."""
    picked = list(picked)
    slots = np.repeat(np.arange(len(shares)), [len(table) for table in shares])
    numbers = np.concatenate([np.arange(len(table)) for table in shares])
    every = np.concatenate(shares)
    starts = np.cumsum([0, *(len(table) for table in shares)])
    while True:
        current = every[starts[:-1] + np.array(picked)]
        used = current.sum(axis=0)
        values = measure(used - current[slots] + every)
        best = int(np.argmin(values))
        if not values[best] < float(measure(used)) * (1 - TOLERANCE):
            return picked
        picked[slots[best]] = int(numbers[best])
