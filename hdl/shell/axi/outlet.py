"""From the words of results to the output stream, with a trailer after each."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ....runtime.registers import ABORTED
from .params import AxiPortParams


class Outlet(wiring.Component):
    """Sends ``port.words`` words of a result, then the trailer with TLAST.

    The trailer waits until the frame that it tells of has ended. With ``hold`` high nothing of
    ``words`` and ``flags`` is taken; a result under way ends at once with a trailer that says so,
    and counting begins anew. What ``words`` offers may be withdrawn only then: a ``Skid`` behind
    ``o`` hides it.

    Parameters
    ----------
    port : AxiPortParams

    Attributes
    ----------
    hold : in
    words : stream of ``8 * word_bytes`` bits, in
    flags : stream of 2 bits, in
        One per frame, from ``Intake``.
    o : stream, out
        ``8 * word_bytes`` bits of data, and TLAST above them.
    sent : out
        High for a cycle when the trailer of a result that was not cut is given.
    """

    hold: Signal
    words: Any
    flags: Any
    o: Any
    sent: Signal

    def __init__(self, port: AxiPortParams) -> None:
        self.port = port
        super().__init__(
            {
                "hold": In(1),
                "words": In(stream.Signature(8 * port.word_bytes)),
                "flags": In(stream.Signature(2)),
                "o": Out(stream.Signature(8 * port.word_bytes + 1)),
                "sent": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        port = self.port
        number = Signal(24)
        index = Signal(range(port.words))
        trailing = Signal()
        aborting = Signal()
        flags = Signal(8)
        trailer = Cat(flags, number, Const(0, 8 * port.word_bytes - 32))
        m.d.comb += [
            flags.eq(Mux(aborting, ABORTED, self.flags.payload)),
            self.o.payload.eq(
                Mux(aborting | trailing, Cat(trailer, Const(1, 1)), self.words.payload)
            ),
        ]
        with m.If(aborting):
            m.d.comb += self.o.valid.eq(1)
            with m.If(self.o.ready):
                m.d.sync += [aborting.eq(0), number.eq(0)]
        with m.Elif(self.hold):
            m.d.sync += [trailing.eq(0), index.eq(0)]
            with m.If(trailing | (index != 0)):
                m.d.sync += aborting.eq(1)
            with m.Else():
                m.d.sync += number.eq(0)
        with m.Elif(trailing):
            m.d.comb += [
                self.o.valid.eq(self.flags.valid),
                self.flags.ready.eq(self.o.ready),
                self.sent.eq(self.flags.valid & self.o.ready),
            ]
            with m.If(self.sent):
                m.d.sync += [trailing.eq(0), number.eq(number + 1)]
        with m.Else():
            m.d.comb += [
                self.o.valid.eq(self.words.valid),
                self.words.ready.eq(self.o.ready),
            ]
            with m.If(self.words.valid & self.o.ready):
                m.d.sync += index.eq(index + 1)
                with m.If(index == port.words - 1):
                    m.d.sync += [index.eq(0), trailing.eq(1)]
        return m
