"""Counts in the core's clock, read in the shell's."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

TICK_BITS = 48


class Ticks(wiring.Component):
    """Counts the cycles of the domain ``core``, and those in which it stalls.

    A copy of both crosses to ``sync`` again and again, in about 8 cycles of the slower clock; it
    stands still while it crosses. Both domains are reset together.

    Attributes
    ----------
    stall : in
        In ``core``: counts one.
    frozen : in
        In ``sync``: ``cycles`` and ``stalls`` stay as they are.
    cycles, stalls : out (48 bits)
        In ``sync``; they belong together.
    """

    stall: Signal
    frozen: Signal
    cycles: Signal
    stalls: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "stall": In(1),
                "frozen": In(1),
                "cycles": Out(TICK_BITS),
                "stalls": Out(TICK_BITS),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        cycles = Signal(TICK_BITS)
        stalls = Signal(TICK_BITS)
        copy = Signal(2 * TICK_BITS)
        # Counted a cycle late: what makes a stall need not reach into the counter.
        stalled = Signal()
        m.d.core += [
            cycles.eq(cycles + 1),
            stalled.eq(self.stall),
            stalls.eq(stalls + stalled),
        ]
        given, given_here = Signal(), Signal()  # the core toggles it with every copy
        taken, taken_there = Signal(), Signal()  # and waits until the shell has followed
        m.submodules.given = FFSynchronizer(given, given_here)
        m.submodules.taken = FFSynchronizer(taken, taken_there, o_domain="core")
        with m.If(given == taken_there):
            m.d.core += [copy.eq(Cat(cycles, stalls)), given.eq(~given)]
        with m.If((given_here != taken) & ~self.frozen):
            m.d.sync += [Cat(self.cycles, self.stalls).eq(copy), taken.eq(given_here)]
        return m
