"""DC, deep compression: weights of small magnitude become zero for good."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from ...ir.ops.dense import Dense
from ..edges import edge_layers
from ..network import Network
from ..prune.balanced import can_balance, kept_per_bank, strongest
from ..prune.magnitude import is_zero, magnitude_masks, zero_share
from ..rule import BalancedTernary, Rule
from ..slim.dead import remove_dead
from ..trainer import Trainer
from .base import Rung, Stage

Scope = Literal["all", "fc"]


@dataclass(frozen=True)
class Pruning(Stage):
    """Prune weights and train what is left (Han et al. 2016).

    Without banks, one threshold goes over all layers of the scope; neurons and channels that lose
    all their inputs or readers are removed. With banks, every filter keeps as many weights in
    every bank of its inputs as all others; balanced ternary layers get more zeros in their rule,
    which holds equal numbers also while training moves them. First and last layers that are too
    narrow for the banks are left alone then: as dense as all others they would suffer most.

    Attributes
    ----------
    shares : tuple of float
        Of zeros among the weights of the scope, increasing, between 0 and 1.
    scope : str
        ``all`` layers, or fully connected (``fc``) ones.
    banks : int or None
    floor : float
        Least share of weights that every layer keeps.
    """

    name: ClassVar[str] = "dc"

    shares: tuple[float, ...] = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98)
    scope: Scope = "all"
    banks: int | None = None
    floor: float = 0.02

    def __post_init__(self) -> None:
        if any(not 0 < share < 1 for share in self.shares):
            raise ValueError(f"shares must lie between 0 and 1, not {self.shares}")
        if sorted(set(self.shares)) != list(self.shares):
            raise ValueError(f"shares must increase, not {self.shares}")

    def ladder(self, network: Network) -> tuple[Rung, ...]:
        """Return the shares above that of the weights of the scope that are zero already."""
        names = self._names(network)
        now = zero_share(network, names) if names else 1.0
        return tuple(Rung(f"{100 * share:g}% zeros", share) for share in self.shares if share > now)

    def apply(self, network: Network, rung: Rung, trainer: Trainer) -> Network:
        """Return the network with this share of zeros, without neurons that have died of it."""
        names = self._names(network)
        if self.banks is None:
            masks = magnitude_masks(network, names, rung.amount, self.floor)
            rules = {name: replace(network.rules[name], mask=masks[name]) for name in names}
            return remove_dead(network.with_rules(rules))
        share = min(rung.amount, 1 - self.floor)
        rules = {name: _balanced(network, name, share, self.banks) for name in names}
        return network.with_rules(rules)

    def _names(self, network: Network) -> tuple[str, ...]:
        """Return the layers of the scope; with banks, without edges too narrow for them."""
        narrow: set[str] = set()
        if self.banks is not None:
            edges = edge_layers(network.graph)
            narrow = {name for name in edges if not can_balance(network.layer(name), self.banks)}
        return tuple(
            name
            for name in network.layers()
            if name not in narrow
            and (self.scope == "all" or isinstance(network.layer(name), Dense))
        )


def _balanced(network: Network, name: str, share: float, banks: int) -> Rule:
    """Return a layer's rule with equal numbers of non-zeros in every filter and bank."""
    rule, layer = network.rules[name], network.layer(name)
    grid = rule.grid
    if isinstance(grid, BalancedTernary):
        return replace(rule, grid=replace(grid, zeros=max(grid.zeros, share)))
    sizes = np.abs(layer.weight.astype(np.float64))
    fitting = banks if can_balance(layer, banks) else 1
    kept = kept_per_bank(sizes.shape, share, fitting)
    sizes = np.where(is_zero(network, name), 0.0, sizes)
    return replace(rule, mask=strongest(sizes, fitting, kept, rule.mask), even=True)
