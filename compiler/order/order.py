"""Orders of channels in which lanes that skip zeros wait little for each other.

Filters that are computed side by side take as long as the one with most non-zeros, and a filter's
banks as long as the one with most of them. So filters of similar length stand side by side, and
the channels of every word go to banks where the layers that read them have had few non-zeros yet:
the longest processing times first, as in list scheduling (Graham, 1969).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...hdl.filters import Weights
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.program import Program
from ..mapping.divisors import divisors
from ..mapping.sparse import MOST_NONZERO
from .arrange import Order, arrange, orders_of
from .lists import MOST_BANKS, Lists
from .ties import Ties, makes_order, ties_of

GAIN = 0.01
"""Least gain in the mean logarithm of cycles for which channels are moved."""

SPREADS = 3
"""Numbers of banks, the largest ones, that channels are dealt to."""


def order_channels(program: Program) -> Program:
    """Return a program with the same outputs whose zeros are skipped in fewer cycles.

    Layers with equally many non-zeros in all banks, and all that is tied to them, keep their order,
    as inputs and outputs of the program do.

    Parameters
    ----------
    program : Program

    Returns
    -------
    Program
        ``program`` itself where nothing is gained.
    """
    ties = ties_of(program)
    layers = _layers(program)
    chosen: dict[str, Order] = {}
    for name in ties.free:
        order = _Choice(program, ties, layers, chosen, name).best()
        if order is not None:
            chosen[name] = order
    return arrange(program, ties, chosen) if chosen else program


@dataclass(frozen=True, eq=False)
class _Layer:
    """A layer with many zeros: its tensors and its lists."""

    input: str
    output: str
    lists: Lists


def _layers(program: Program) -> tuple[_Layer, ...]:
    """Return the layers whose zeros are worth skipping."""
    found = []
    for node in program.nodes:
        if isinstance(node.op, Conv | Dense) and makes_order(node):
            weights = node.op.weights
            if np.count_nonzero(weights) <= MOST_NONZERO * weights.size:
                places = weights.reshape(len(weights), -1, weights.shape[-1])
                lists = Lists((places != 0).astype(np.int64))
                found.append(_Layer(node.inputs[0], node.output, lists))
    return tuple(found)


class _Choice:
    """The choice of one class's order while those before it are chosen."""

    def __init__(
        self,
        program: Program,
        ties: Ties,
        layers: tuple[_Layer, ...],
        chosen: dict[str, Order],
        name: str,
    ) -> None:
        self.program, self.ties, self.chosen, self.name = program, ties, chosen, name
        self.makers = [layer for layer in layers if ties.classes[layer.output] == name]
        self.readers = [layer for layer in layers if ties.classes[layer.input] == name]
        same = np.arange(program.types[name].channels, dtype=np.int64)
        moved = orders_of(program, ties, {name: same[::-1]})
        self.touched = [
            layer
            for layer in layers
            if any(_differs(moved[tensor]) for tensor in (layer.input, layer.output))
        ]
        self.same = same

    def best(self) -> Order | None:
        """Return the best order, None where it is the one that is there."""
        if not self.touched or any(layer.lists.balanced() for layer in self.touched):
            return None
        candidates = [self._sorted(), *self._dealt()]
        costs = [self._cost(order) for order in candidates]
        least = int(np.argmin(costs))
        return candidates[least] if costs[least] < self._cost(self.same) - GAIN else None

    def _cost(self, order: Order) -> float:
        orders = orders_of(self.program, self.ties, {**self.chosen, self.name: order})
        return sum(
            layer.lists.cost(orders[layer.output], orders[layer.input]) for layer in self.touched
        )

    def _sorted(self) -> Order:
        """Return the channels by their non-zeros, those of most first: as filters, or as read."""
        if self.makers:
            lengths = sum(layer.lists.nonzero.sum(axis=(1, 2)) for layer in self.makers)
        else:
            lengths = sum(
                (layer.lists.nonzero.sum(axis=(0, 1)) for layer in self.readers),
                start=np.zeros(len(self.same), dtype=np.int64),
            )
        return np.argsort(-np.asarray(lengths), kind="stable")

    def _dealt(self) -> list[Order]:
        """Return sorted channels whose words are dealt to banks, for some numbers of them."""
        if not self.readers:
            return []
        counts = np.concatenate([layer.lists.nonzero.sum(axis=1) for layer in self.readers])
        banks = [count for count in divisors(len(self.same)) if 1 < count <= MOST_BANKS]
        return [deal(self._sorted(), counts, count) for count in banks[-SPREADS:]]


def _differs(order: Order) -> bool:
    return not np.array_equal(order, np.arange(len(order)))


def deal(order: Order, counts: Weights, banks: int) -> Order:
    """Return an order with the channels of every word moved within it.

    Parameters
    ----------
    order : int64 (channels,)
        Word by word.
    counts : int64 (filters, channels)
        Non-zeros of every channel in every filter.
    banks : int
        Channels of a word.
    """
    load = np.zeros((len(counts), banks), dtype=np.int64)
    dealt = np.empty_like(order)
    for start in range(0, len(order), banks):
        word = order[start : start + banks]
        left = np.ones(banks, dtype=bool)
        for channel in word[np.argsort(-counts[:, word].sum(axis=0), kind="stable")]:
            # What is added where a filter has much already makes its list longer.
            crowding = counts[:, channel] @ load
            bank = int(np.argmin(np.where(left, crowding, np.iinfo(np.int64).max)))
            left[bank] = False
            dealt[start + bank] = channel
            load[:, bank] += counts[:, channel]
    return dealt
