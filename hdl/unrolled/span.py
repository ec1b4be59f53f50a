"""Cycles behind a pulse, as control bits of pipelines."""

from __future__ import annotations

from functools import reduce
from operator import or_

from amaranth.hdl import Module, Signal, Value

FEW = 4
"""Cycles whose pulses a look-up table sums up."""


class Span:
    """A bit that is high for some cycles from the one after a pulse on, and later ones like it.

    Parameters
    ----------
    m : Module
    pulse : Value
        Its pulses are as many cycles apart, or more; of up to ``FEW`` cycles they may be closer.
    cycles : int
        At least 1.
    name : str
        Of the registers.
    low : bool
        Whether the bit is low in these cycles instead: what clears registers needs no inverters
        then. It is not in its cycles after reset.
    """

    def __init__(self, m: Module, pulse: Value, cycles: int, name: str, low: bool = False) -> None:
        self.m, self.name, self.low = m, name, low
        self.line: list[Signal] = []
        earlier = [pulse]
        for cycle in range(1, cycles if cycles <= FEW else cycles + 1):
            register = Signal(name=f"{name}_after_{cycle}")
            m.d.sync += register.eq(earlier[-1])
            earlier.append(register)
        bit = self._register()
        high = ~bit if low else bit
        value = reduce(or_, earlier) if cycles <= FEW else pulse | (high & ~earlier[cycles])
        m.d.sync += bit.eq(~value if low else value)

    def by(self, cycles: int) -> Value:
        """Return the bit so many cycles later, from a register."""
        while len(self.line) <= cycles:
            before = self.line[-1]
            self.m.d.sync += self._register().eq(before)
        return self.line[cycles]

    def _register(self) -> Signal:
        register = Signal(name=f"{self.name}_{len(self.line)}", init=int(self.low))
        self.line.append(register)
        return register
