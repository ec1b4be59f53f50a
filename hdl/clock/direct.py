"""No PLL: the oscillator is the clock."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


@dataclass(frozen=True)
class Direct:
    """A clock that is the board's oscillator.

    Attributes
    ----------
    input_mhz : Fraction
    """

    input_mhz: Fraction

    @property
    def output_mhz(self) -> Fraction:
        """Frequency of the clock."""
        return self.input_mhz


class Wire(wiring.Component):
    """Passes the oscillator on.

    Attributes
    ----------
    source : in
        The board's oscillator.
    clock : out
        The same.
    locked : out
        Always high.
    """

    source: Signal
    clock: Signal
    locked: Signal

    def __init__(self) -> None:
        super().__init__({"source": In(1), "clock": Out(1), "locked": Out(1)})

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        m.d.comb += [self.clock.eq(self.source), self.locked.eq(1)]
        return m
