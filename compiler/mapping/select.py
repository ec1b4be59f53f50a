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

import numpy as np
import numpy.typing as npt

from ...hdl.cost import Resources
from ...hdl.engines import Params, engine_of
from ...hdl.fifo.cost import cost as fifo_cost
from .memory import burst_of, fifo_params, least_depth
from .plan import Plan, Slot

Vector = npt.NDArray[np.float64]

ROUNDS = 80
STEP = 0.5

SHARPNESS = 30.0
"""How closely the smooth maximum of the exchanges follows the largest part."""

TOLERANCE = 1e-9
"""Part of the measure that an exchange must gain, so that they end."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Parameters for every slot of a plan.

    Attributes
    ----------
    plan : Plan
    params : tuple of Params
        One per slot.
    costs : tuple of Resources
        One per slot, with FIFOs of the least depth.
    fits : bool
        Whether the sum keeps the budget.
    """

    plan: Plan
    params: tuple[Params, ...]
    costs: tuple[Resources, ...]
    fits: bool

    @property
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
        """Return the cheapest choice within the budget, or the one that misses it least."""
        options = [self._costs(plan, slot) for slot in plan.slots]
        tables = [np.array([vector(cost) for cost in costs]) for costs in options]
        room = np.maximum(budget, 1e-9)
        picked, fits = _pick([table / room for table in tables])
        return Choice(
            plan,
            tuple(slot.options[i] for slot, i in zip(plan.slots, picked, strict=True)),
            tuple(costs[i] for costs, i in zip(options, picked, strict=True)),
            fits,
        )

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


def _pick(shares: list[Vector]) -> tuple[list[int], bool]:
    """Return an option per slot and whether all sums stay within 1.

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
    best = _exchange(shares, best, _crowding)
    if _sum(shares, best).max() > 1.0:
        return best, False
    return _exchange(shares, best, _thrift), True


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


def _thrift(used: Vector) -> Vector:
    """Return a smoother maximum of the four parts where all keep the budget, for every row."""
    total: Vector = (used**4).sum(axis=-1)
    return np.where(used.max(axis=-1) <= 1.0, total, np.inf)


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
