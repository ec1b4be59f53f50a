"""From the words of the input stream to frames of the right length."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ....runtime.registers import OVERLONG_FRAME, SHORT_FRAME
from .params import AxiPortParams


class Intake(wiring.Component):
    """Gives exactly ``port.words`` words a frame, and says of each frame how it was.

    A frame that ends early goes on with words of zeros; bytes whose TKEEP is low are zeros as well
    and make the frame a short one, unless they fill up its last word. Words beyond the last are
    taken and thrown away until TLAST. One word a cycle, and a cycle between two frames, longer
    only while ``flags`` has no place.

    Parameters
    ----------
    port : AxiPortParams

    Attributes
    ----------
    i : stream, in
        ``8 * word_bytes`` bits of data, above them ``word_bytes`` bits of TKEEP, then TLAST.
    words : stream of ``8 * word_bytes`` bits, out
    flags : stream of 2 bits, out
        ``SHORT_FRAME`` and ``OVERLONG_FRAME`` of a frame that has ended.
    begun : out
        High for a cycle with the first word of a frame.
    receiving : out
        A frame has begun and not ended.
    """

    i: Any
    words: Any
    flags: Any
    begun: Signal
    receiving: Signal

    def __init__(self, port: AxiPortParams) -> None:
        self.port = port
        super().__init__(
            {
                "i": In(stream.Signature(9 * port.word_bytes + 1)),
                "words": Out(stream.Signature(8 * port.word_bytes)),
                "flags": Out(stream.Signature(2)),
                "begun": Out(1),
                "receiving": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        port = self.port
        size = port.word_bytes
        data, keep = self.i.payload[: 8 * size], self.i.payload[8 * size : 9 * size]
        last = self.i.payload[-1]
        index = Signal(range(port.words))
        at_end = Signal()
        lacking = Signal()  # bytes of the frame that the word does not hold
        short = Signal()
        overlong = Signal()
        moved = Signal()
        whole, part = (1 << size) - 1, (1 << port.last_bytes) - 1
        m.d.comb += [
            at_end.eq(index == port.words - 1),
            lacking.eq((~keep & Mux(at_end, part, whole)).any()),
            moved.eq(self.words.valid & self.words.ready),
            self.flags.payload.eq(Mux(short, SHORT_FRAME, 0) | Mux(overlong, OVERLONG_FRAME, 0)),
        ]
        with m.If(moved):
            m.d.sync += index.eq(Mux(at_end, 0, index + 1))
        masked = Cat(data.word_select(b, 8) & keep[b].replicate(8) for b in range(size))
        with m.FSM():
            with m.State("TAKE"):
                m.d.comb += [
                    self.words.payload.eq(masked),
                    self.words.valid.eq(self.i.valid),
                    self.i.ready.eq(self.words.ready),
                    self.begun.eq(moved & (index == 0)),
                    self.receiving.eq(index != 0),
                ]
                with m.If(moved):
                    m.d.sync += short.eq(short | lacking | (last & ~at_end))
                    with m.If(at_end):
                        m.next = "END"
                        with m.If(~last):
                            m.next = "CUT"
                    with m.Elif(last):
                        m.next = "FILL"
            with m.State("FILL"):
                m.d.comb += [self.words.valid.eq(1), self.receiving.eq(1)]
                with m.If(moved & at_end):
                    m.next = "END"
            with m.State("CUT"):
                m.d.comb += [self.i.ready.eq(1), self.receiving.eq(1)]
                m.d.sync += overlong.eq(1)
                with m.If(self.i.valid & last):
                    m.next = "END"
            with m.State("END"):
                m.d.comb += [self.flags.valid.eq(1), self.receiving.eq(1)]
                with m.If(self.flags.ready):
                    m.d.sync += [short.eq(0), overlong.eq(0)]
                    m.next = "TAKE"
        return m
