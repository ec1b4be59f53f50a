"""A core's reset, asked for from the clock domain of its shell."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer
from amaranth.lib.wiring import In, Out

RESET_CYCLES = 8
"""Cycles of the core's clock for which a reset lasts at least."""


class CoreReset(wiring.Component):
    """Holds a core in reset for ``RESET_CYCLES`` of its clock, whatever the two clocks are.

    The core is also in reset while the domain ``sync`` is. What the shell resets with the core
    comes out of reset after the core.

    Attributes
    ----------
    request : in
        Resets the core, if only for a cycle.
    core_clk : in
    resetting : out
        From the cycle after a request until the reset is over, as seen from ``sync``.
    core_reset : out
        The core's reset, asserted asynchronously, released synchronously to ``core_clk``.
    """

    request: Signal
    core_clk: Signal
    resetting: Signal
    core_reset: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "request": In(1),
                "core_clk": In(1),
                "resetting": Out(1, init=1),
                "core_reset": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        m.domains.held = ClockDomain(local=True)
        m.domains.free = ClockDomain(local=True, reset_less=True)  # core's clock
        m.d.comb += [
            ClockSignal("held").eq(self.core_clk),
            ClockSignal("free").eq(self.core_clk),
            self.core_reset.eq(ResetSignal("held")),
        ]
        # The core has been in reset for long enough, as seen from its clock and from sync.
        chain = Signal(RESET_CYCLES)
        long_enough = Signal()
        ripe = Signal()
        m.d.free += [
            chain.eq(Cat(ResetSignal("held"), chain)),
            long_enough.eq(chain.all()),
        ]
        m.submodules.ripe = FFSynchronizer(long_enough, ripe)
        # Four phases: hold rises while ripe is low and falls while it is high.
        hold = Signal(init=1)
        asked = Signal()
        with m.If(hold):
            m.d.sync += asked.eq(0)
            with m.If(ripe & ~self.request):
                m.d.sync += hold.eq(0)
        with m.Else():
            m.d.sync += asked.eq(asked | self.request)
            with m.If((asked | self.request) & ~ripe):
                m.d.sync += hold.eq(1)
        m.submodules.core_reset = ResetSynchronizer(hold, domain="held")
        m.d.sync += self.resetting.eq(hold | ripe | asked | self.request)
        return m
