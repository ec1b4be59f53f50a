"""NS, network slimming: the channels that matter least are removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..network import Network
from ..prune.rebalance import rebalanced
from ..slim.measure import MEASURES
from ..slim.rank import weakest
from ..slim.remove import remove_units
from ..slim.ties import BoolArray, Ties, find_ties
from ..trainer import Trainer
from .base import Rung, Stage


@dataclass(frozen=True)
class Slimming(Stage):
    """Remove whole channels, those that matter least to the layers behind them.

    First the network is trained with an L1 penalty on the gammas of Norm, which separates channels
    that matter from such that do not (Liu et al. 2017); every rung then removes a share of all
    channels by one threshold.
    Channels that must stay alike (residual sums, depthwise filters) go together. A floor per
    layer keeps single layers from collapsing, which costs more accuracy than it saves.

    Attributes
    ----------
    shares : tuple of float
        Of the channels that can go, increasing, between 0 and 1; what the floor leaves no room
        for is no rung.
    floor : float
        Share of its filters that every layer keeps.
    multiple : int
        Layers keep a multiple of so many filters, for banks of one size.
    measure : str
        What the threshold is put on, of ``slim.measure.MEASURES``: ``variance`` or ``gamma``.
    penalty : float
        Strength of the L1 penalty; 0 leaves the gammas as training found them.
    """

    name: ClassVar[str] = "ns"

    shares: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    floor: float = 0.15
    multiple: int = 1
    measure: str = "variance"
    penalty: float = 1e-3

    def ladder(self, network: Network) -> tuple[Rung, ...]:
        """Return the shares that take more channels away than those before them."""
        ties = find_ties(network.graph)
        rungs: list[Rung] = []
        most = 0
        for share in self.shares:
            count = int(self._weakest(network, ties, share).sum())
            if count > most:
                rungs.append(Rung(f"channels -{100 * share:g}%", share))
                most = count
        return tuple(rungs)

    def base(self, network: Network, trainer: Trainer, seed: int) -> Network | None:
        """Return the network trained with the penalty; None where there is none."""
        if not self.penalty:
            return None
        return trainer.train(network, seed, slimming=self.penalty)

    def apply(self, network: Network, rung: Rung, trainer: Trainer) -> Network:
        """Return the network without the weakest channels, balanced masks balanced again."""
        ties = find_ties(network.graph)
        removed = remove_units(network, ties, self._weakest(network, ties, rung.amount))
        return rebalanced(removed, self.multiple)

    def _weakest(self, network: Network, ties: Ties, share: float) -> BoolArray:
        return weakest(
            network,
            ties,
            share,
            measure=MEASURES[self.measure],
            floor=self.floor,
            multiple=self.multiple,
        )
