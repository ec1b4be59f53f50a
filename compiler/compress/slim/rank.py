"""Which units go: those that matter least, of all layers together, down to a floor."""

from __future__ import annotations

from math import ceil

import numpy as np

from ..network import Network
from .measure import Measure, by_variance
from .ties import BoolArray, IntArray, Ties


def weakest(
    network: Network,
    ties: Ties,
    share: float,
    *,
    measure: Measure = by_variance,
    floor: float = 0.0,
    multiple: int = 1,
) -> BoolArray:
    """Return the units to remove: one threshold for all layers, as far as floors let it.

    Units go in the order of the measure until their number is ``share`` of all that could; one
    that would take a layer below its floor stays, and a stronger one of another layer goes for it.

    Parameters
    ----------
    network : Network
    ties : Ties
        Of its graph.
    share : float
        0 … 1, of the units that are not fixed.
    measure : callable
        How much units matter.
    floor : float
        0 … 1: the share of its filters that every layer keeps; one filter stays in any case.
    multiple : int
        The number of filters that a layer keeps is rounded up to a multiple of it, for banks of
        one size; layers with fewer filters keep them all.

    Returns
    -------
    bool (number of units,)
    """
    loose = np.flatnonzero(~ties.fixed)
    order = loose[np.argsort(measure(network, ties)[loose], kind="stable")]
    wanted = round(share * len(order))
    layers = _Layers(network, ties, floor)
    gone = np.zeros(len(ties.fixed), np.bool_)
    for unit in order.tolist():
        if wanted and layers.take(unit):
            gone[unit] = True
            wanted -= 1
    if multiple > 1:
        _round_up(layers, gone, order, multiple)
    return gone


class _Layers:
    """How many filters every layer has left, and which unit takes how many of which layer."""

    def __init__(self, network: Network, ties: Ties, floor: float) -> None:
        units = [ties.units[name] for name in network.layers()]
        self.left = np.array([len(filters) for filters in units], np.int64)
        self._least = np.array([max(1, ceil(floor * len(filters))) for filters in units], np.int64)
        #: Filters that a unit takes: (layers, units).
        self.filters: IntArray = np.stack(
            [np.bincount(filters, minlength=len(ties.fixed)) for filters in units]
        )

    def take(self, unit: int) -> bool:
        """Remove a unit where every layer keeps enough filters; return whether it was."""
        left = self.left - self.filters[:, unit]
        if (left < self._least).any():
            return False
        self.left = left
        return True

    def give_back(self, unit: int) -> None:
        """Put a unit back."""
        self.left = self.left + self.filters[:, unit]


def _round_up(layers: _Layers, gone: BoolArray, order: IntArray, multiple: int) -> None:
    """Put the strongest units back until every layer has a multiple of filters, or all."""
    changed = True
    while changed:
        changed = False
        for layer, filters in enumerate(layers.filters):
            for unit in order[::-1].tolist():
                if not layers.left[layer] % multiple:
                    break
                if gone[unit] and filters[unit]:
                    gone[unit] = False
                    layers.give_back(unit)
                    changed = True
