"""Steps of quantization: a grid of weights, with bits of activations where these go along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from ..codes import unit_of
from ..network import Network
from ..prune.balanced import can_balance
from ..rule import BalancedTernary, Grid, Integer, Rule, Ternary
from .base import Rung

MOST_BITS = 8


@dataclass(frozen=True)
class Step:
    """A grid for the weights, and for activations where a stage sets these too.

    Attributes
    ----------
    grid : Integer, Ternary or BalancedTernary
        The banks of a balanced one become 1 in layers that are too narrow for them.
    activations : int or None
        Bits, 2 … 8; None leaves activations as they are.
    """

    grid: Grid
    activations: int | None = None

    @property
    def label(self) -> str:
        """Short text: ``w4 a4``, ``ρ 0.3 a4`` for ternary, ``75% zeros a4`` for balanced."""
        match self.grid:
            case Integer(bits):
                text = f"w{bits}"
            case Ternary(threshold):
                text = f"ρ {threshold:g}"
            case BalancedTernary(zeros):
                text = f"{100 * zeros:g}% zeros"
        return text if self.activations is None else f"{text} a{self.activations}"

    @property
    def amount(self) -> float:
        """How coarse the weights are, and the bits saved of 8 per activation."""
        saved = 0 if self.activations is None else MOST_BITS - self.activations
        return coarseness(self.grid) + saved


def coarseness(grid: Grid | None) -> float:
    """Return the bits saved of 8 per weight, and ρ or the share of zeros; -1 without a grid."""
    match grid:
        case None:
            return -1.0
        case Integer(bits):
            return float(MOST_BITS - bits)
        case Ternary(threshold):
            return MOST_BITS - grid.bits + threshold
        case BalancedTernary(zeros):
            return MOST_BITS - grid.bits + zeros


def check_steps(steps: tuple[Step, ...]) -> None:
    """Raise ValueError unless there are steps, and they go further and further."""
    amounts = [step.amount for step in steps]
    if not steps or any(one >= two for one, two in pairwise(amounts)):
        labels = ", ".join(step.label for step in steps) or "none"
        raise ValueError(f"steps must go further one after the other, not {labels}")


def rungs_of(steps: tuple[Step, ...], network: Network, names: Iterable[str]) -> tuple[Rung, ...]:
    """Return the rungs of the steps that are coarser than the weights of some of these layers."""
    finest = min((coarseness(network.rules[name].grid) for name in names), default=inf)
    return tuple(Rung(step.label, step.amount) for step in steps if coarseness(step.grid) > finest)


def step_of(steps: tuple[Step, ...], rung: Rung) -> Step:
    """Return the step of a rung.

    Raises
    ------
    ValueError
        If it is none of these steps.
    """
    for step in steps:
        if step.label == rung.label:
            return step
    labels = ", ".join(step.label for step in steps)
    raise ValueError(f"rung must be one of {labels}, not {rung.label}")


def coarsened(network: Network, names: Iterable[str], grid: Grid) -> Network:
    """Return the network with a grid for the weights of the layers named.

    Layers whose grid is coarser already keep it.
    """
    rules: dict[str, Rule] = {}
    for name in names:
        rule, layer = network.rules[name], network.layer(name)
        fitting = grid
        if isinstance(grid, BalancedTernary) and not can_balance(layer, grid.banks):
            fitting = replace(grid, banks=1)
        if coarseness(fitting) <= coarseness(rule.grid):
            continue
        unit = rule.unit
        if unit is None and not isinstance(grid, Integer):
            unit = unit_of(layer.weight, rule.mask)
        rules[name] = replace(rule, grid=fitting, unit=unit)
    return network.with_rules(rules)
