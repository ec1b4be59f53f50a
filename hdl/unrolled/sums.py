"""Networks built adder by adder: rows that are left are summed in trees, equal sums made once."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from ...runtime.numerics import bits_for
from .network import Adder


@dataclass(frozen=True)
class Scaled:
    """``±(value << shift)``."""

    value: int
    shift: int = 0
    negative: bool = False


class Sums:
    """Collects adders; equal ones are made once, also where they differ by a shift of all.

    Parameters
    ----------
    inputs : int
    low, high : int
        Range of every input.
    """

    def __init__(self, inputs: int, low: int, high: int) -> None:
        self.inputs = inputs
        self.adders: list[Adder] = []
        self.known: dict[Adder, int] = {}
        self.ranges = [(low, high)] * inputs
        self.levels = [0] * inputs

    def add(self, a: Scaled, b: Scaled) -> Scaled:
        """Return the sum; negative where both are, else an adder gives it as it is."""
        if a.negative and not b.negative:
            a, b = b, a
        subtract = a.negative != b.negative
        common = min(a.shift, b.shift)
        first, second = (a.value, a.shift - common), (b.value, b.shift - common)
        if not subtract and second < first:
            first, second = second, first
        adder = Adder(first[0], second[0], first[1], second[1], subtract)
        if adder not in self.known:
            self.known[adder] = self.inputs + len(self.adders)
            self.adders.append(adder)
            (low, high), (least, most) = self.ranges[first[0]], self.ranges[second[0]]
            least, most = least << second[1], most << second[1]
            if subtract:
                least, most = -most, -least
            self.ranges.append(((low << first[1]) + least, (high << first[1]) + most))
            self.levels.append(1 + max(self.levels[first[0]], self.levels[second[0]]))
        return Scaled(self.known[adder], common, a.negative)

    def total(self, parts: list[Scaled]) -> Scaled:
        """Return the sum of at least one part, the narrowest two added first."""
        heap = [(self._key(part), part.value, part.shift, part.negative) for part in parts]
        heapq.heapify(heap)
        while len(heap) > 1:
            first, second = heapq.heappop(heap), heapq.heappop(heap)
            part = self.add(Scaled(*first[1:]), Scaled(*second[1:]))
            heapq.heappush(heap, (self._key(part), part.value, part.shift, part.negative))
        return Scaled(*heap[0][1:])

    def _key(self, part: Scaled) -> tuple[int, int]:
        low, high = self.ranges[part.value]
        return bits_for(low, high) + part.shift, self.levels[part.value]
