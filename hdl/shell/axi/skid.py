"""A register slice: both directions of a stream registered, at full rate."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Skid(wiring.Component):
    """Two places: one that is offered, one for what arrives while that is not taken.

    Latency 1, initiation interval 1. ``o.valid``, ``o.payload`` and ``i.ready`` are registers, so
    no path leads through; a beat that is offered stays until it is taken.

    Parameters
    ----------
    width : int
        Bits of the payload.

    Attributes
    ----------
    i : stream, in
    o : stream, out
    """

    i: Any
    o: Any

    def __init__(self, width: int) -> None:
        self.width = width
        super().__init__(
            {"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))},
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the slice."""
        m = Module()
        spare = Signal(self.width, reset_less=True)
        full = Signal()  # the spare place
        open_ = Signal()  # out of reset: ready is low while in it
        offered = Signal(self.width, reset_less=True)
        m.d.comb += [
            self.i.ready.eq(open_ & ~full),
            self.o.payload.eq(offered),
        ]
        m.d.sync += open_.eq(1)
        with m.If(self.o.ready | ~self.o.valid):
            with m.If(full):
                m.d.sync += [offered.eq(spare), self.o.valid.eq(1), full.eq(0)]
            with m.Else():
                m.d.sync += [
                    offered.eq(self.i.payload),
                    self.o.valid.eq(self.i.valid & self.i.ready),
                ]
        with m.Elif(self.i.valid & self.i.ready):
            m.d.sync += [spare.eq(self.i.payload), full.eq(1)]
        return m
