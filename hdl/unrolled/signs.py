"""Values of a network with other signs, so that few of its taps are negative."""

from __future__ import annotations

import heapq

from .network import Adder, Network, Tap


def positive(network: Network) -> Network:
    """Return a network of the same sums and differences with fewer negative taps.

    An adder can give ``a - b`` or ``b - a`` at no cost, and what adds one of them subtracts the
    other; only ``-a - b`` cannot be had. A sign is turned round, with what follows from it, where
    fewer taps are negative afterwards.
    """
    signs = _Signs(network)
    for row, tap in enumerate(network.taps):
        if tap.value is None or not signs.is_negative(row):
            continue
        #: Way from every value that the tap depends on to the tap.
        ways: dict[int, tuple[int, ...]] = {tap.value: (tap.value,)}
        waiting = [tap.value]
        while waiting:
            value = waiting.pop(0)
            if value < network.inputs:
                continue
            if signs.turn(ways[value]):
                break
            adder = network.adders[value - network.inputs]
            for operand in (adder.a, adder.b):
                if operand not in ways:
                    ways[operand] = (operand, *ways[value])
                    waiting.append(operand)
    return signs.network()


class _Signs:
    """The sign that every value has, relative to the network it comes from."""

    def __init__(self, network: Network) -> None:
        self.source = network
        self.signs = [1] * (network.inputs + len(network.adders))
        self.users: list[list[int]] = [[] for _ in self.signs]
        for offset, adder in enumerate(network.adders):
            for operand in {adder.a, adder.b}:
                self.users[operand].append(network.inputs + offset)
        self.rows: list[list[int]] = [[] for _ in self.signs]
        for row, tap in enumerate(network.taps):
            if tap.value is not None:
                self.rows[tap.value].append(row)

    def is_negative(self, row: int) -> bool:
        """Whether a tap is negative."""
        tap = self.source.taps[row]
        return tap.value is not None and tap.negative != (self.signs[tap.value] < 0)

    def operands(self, value: int) -> tuple[int, int]:
        """Return the signs with which the operands of an adder go into its original sum."""
        adder = self.source.adders[value - self.source.inputs]
        return self.signs[adder.a], -self.signs[adder.b] if adder.subtract else self.signs[adder.b]

    def turn(self, way: tuple[int, ...]) -> bool:
        """Turn a difference, and what follows on a way, if fewer taps are negative after that.

        Returns
        -------
        bool
            Whether that was so; otherwise nothing has changed.
        """
        first, second = self.operands(way[0])
        if first == second:
            return False
        turned: set[int] = set()
        waiting = [way[0]]
        while waiting:
            value = heapq.heappop(waiting)
            first, second = self.operands(value)
            keeps = first == second == self.signs[value] or (first != second and value not in way)
            if value in turned or keeps:
                continue
            turned.add(value)
            self.signs[value] = -self.signs[value]
            for user in self.users[value]:
                heapq.heappush(waiting, user)
        change = sum(1 if self.is_negative(row) else -1 for v in turned for row in self.rows[v])
        if change < 0:
            return True
        for value in turned:
            self.signs[value] = -self.signs[value]
        return False

    def network(self) -> Network:
        """Return the network with these signs."""
        source = self.source
        adders = []
        for offset, adder in enumerate(source.adders):
            first, second = self.operands(source.inputs + offset)
            sign = self.signs[source.inputs + offset]
            if first == second:
                adders.append(Adder(adder.a, adder.b, adder.a_shift, adder.b_shift))
            elif first == sign:
                adders.append(Adder(adder.a, adder.b, adder.a_shift, adder.b_shift, True))
            else:
                adders.append(Adder(adder.b, adder.a, adder.b_shift, adder.a_shift, True))
        taps = [
            Tap(tap.value, tap.shift, self.is_negative(row)) for row, tap in enumerate(source.taps)
        ]
        return Network(source.inputs, tuple(adders), tuple(taps))
