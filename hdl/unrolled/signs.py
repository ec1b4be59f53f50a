"""Values of a network with other signs, so that little is negated and subtracted."""

from __future__ import annotations

import heapq

from .network import Adder, Network, Tap

NEGATION = 16
"""Bits of a negation; what a subtraction costs more than an addition is 1."""


def positive(network: Network) -> Network:
    """Return a network of the same values up to their signs, with fewer negative taps.

    An adder can give ``a - b`` or ``b - a`` at no cost, and what adds one of them subtracts the
    other; only ``-a - b`` cannot be had. A sign is turned round, with what follows from it, where
    fewer taps are negative afterwards, or as many and fewer adders subtract (in Xilinx' LUTs the
    lowest bit of a difference takes one more than that of a sum).
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
    for value in reversed(range(network.inputs, len(signs.signs))):
        signs.turn((value,))
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
        """Turn a difference, and what follows on a way, where that saves bits.

        Returns
        -------
        bool
            Whether it did; otherwise nothing has changed.
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
        users = {user for value in turned for user in self.users[value]}
        after = self._cost(turned, users)
        self._flip(turned)
        if after >= self._cost(turned, users):
            return False
        self._flip(turned)
        return True

    def _flip(self, values: set[int]) -> None:
        for value in values:
            self.signs[value] = -self.signs[value]

    def _cost(self, values: set[int], users: set[int]) -> int:
        """Return the bits that the signs of values and of what uses them cost."""
        negated = sum(self.is_negative(row) for value in values for row in self.rows[value])
        differences = [first != second for first, second in map(self.operands, users)]
        return NEGATION * negated + sum(differences)

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
