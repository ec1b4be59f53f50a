"""Cycles behind a pulse, as control bits of pipelines, and values that only they let through."""

from __future__ import annotations

from functools import reduce
from operator import or_

from amaranth.hdl import Module, Signal, Value

from ..pipeline import delay_valid

FEW = 4
"""Cycles whose pulses a look-up table sums up."""


class Span:
    """A bit that is high for some cycles, the first one a cycle after a pulse, and its delays.

    Parameters
    ----------
    m : Module
    pulse : Value
        Its pulses are at least ``cycles`` cycles apart where these are more than ``FEW``: a sooner
        one is cut short.
    cycles : int
        At least 1.
    name : str
        Of the registers.
    low : bool
        Whether the bit is low in these cycles instead: what clears registers needs no inverters
        then. After reset it is as outside of such cycles.
    """

    def __init__(self, m: Module, pulse: Value, cycles: int, name: str, low: bool = False) -> None:
        self.m, self.name, self.low = m, name, low
        self.line: list[Signal] = []
        bit = self._register()
        if cycles <= FEW:
            pulses = [pulse]
            for _ in range(cycles - 1):
                pulses.append(delay_valid(m, pulses[-1], 1))
            value = reduce(or_, pulses)
        else:
            value = pulse | ((~bit if low else bit) & ~delay_valid(m, pulse, cycles))
        m.d.sync += bit.eq(~value if low else value)

    def later(self, cycles: int) -> Value:
        """Return the bit so many cycles later, from a register."""
        while len(self.line) <= cycles:
            before = self.line[-1]
            self.m.d.sync += self._register().eq(before)
        return self.line[cycles]

    def _register(self) -> Signal:
        register = Signal(name=f"{self.name}_{len(self.line)}", init=int(self.low))
        self.line.append(register)
        return register


def opened(m: Module, value: Value, closed: Value, name: str) -> Signal:
    """Return a value a cycle later, and 0 behind cycles in which ``closed`` is high."""
    copied = Signal(len(value), name=name, reset_less=True)
    with m.If(closed):
        m.d.sync += copied.eq(0)
    with m.Else():
        m.d.sync += copied.eq(value)
    return copied
