"""How long lanes take that skip zeros, by the order of filters and channels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...hdl.filters import Weights
from ...hdl.skipping.weights import bank_counts
from ..mapping.divisors import divisors
from .arrange import Order

MOST_BANKS = 16
"""Banks, and filters side by side, up to which orders are compared: more lanes are seldom busy."""


@dataclass(frozen=True, eq=False)
class Lists:
    """Which weights of a layer are not zero.

    Attributes
    ----------
    nonzero : int64 (filters, places of the kernel, channels)
        1 where a weight is not zero.
    """

    nonzero: Weights

    def cost(self, filters: Order, channels: Order) -> float:
        """Return the mean logarithm of lane cycles a non-zero over all numbers of lanes.

        Parameters
        ----------
        filters, channels : int64 (filters,), (channels,)
            Their orders.
        """
        found = [
            math.log(pe * banks * int(counts.reshape(-1, pe * banks).max(axis=1).clip(1).sum()))
            for banks, counts in self._counts(filters, channels)
            for pe in _few(len(filters))
        ]
        return math.fsum(found) / len(found) - math.log(max(1, int(self.nonzero.sum())))

    def balanced(self) -> bool:
        """Whether every filter has as many non-zeros in each of some number of banks."""
        same = np.arange(len(self.nonzero)), np.arange(self.nonzero.shape[2])
        return any(
            bool((counts == counts[:, :1]).all())
            for banks, counts in self._counts(*same)
            if banks > 1
        )

    def _counts(self, filters: Order, channels: Order) -> Iterator[tuple[int, Weights]]:
        moved = self.nonzero[filters][:, :, channels]
        for banks in _few(len(channels)):
            yield banks, bank_counts(moved, banks)


def _few(number: int) -> list[int]:
    return [divisor for divisor in divisors(number) if divisor <= MOST_BANKS]
