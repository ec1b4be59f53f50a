"""From words to beats and from beats to words, whatever their widths."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .params import AxiPortParams


@dataclass(frozen=True)
class GearboxParams:
    """How pieces of one length become pieces of another.

    Attributes
    ----------
    take, give : int
        Bytes of a piece at the input and at the output.
    pieces : int
        Input pieces of a frame.
    last : int
        Bytes that count of the frame's last piece: fewer than ``take`` where it is filled up, more
        where zeros follow it. A whole number of output pieces makes a frame.
    """

    take: int
    give: int
    pieces: int
    last: int

    def __post_init__(self) -> None:
        total = (self.pieces - 1) * self.take + self.last
        if total % self.give:
            raise ValueError(f"a frame must be whole pieces of {self.give} bytes, not {total}")

    @property
    def unit(self) -> int:
        """Bytes that never part."""
        return gcd(self.take, self.give, self.last)

    @classmethod
    def to_beats(cls, port: AxiPortParams) -> GearboxParams:
        """From the words of a port to its beats."""
        return cls(port.word_bytes, port.beat_bytes, port.words, port.last_bytes)

    @classmethod
    def to_words(cls, port: AxiPortParams) -> GearboxParams:
        """From the beats of a port to its words, the last filled up with zeros."""
        filled = port.words * port.word_bytes - port.frame_bytes
        return cls(port.beat_bytes, port.word_bytes, port.beats, port.beat_bytes + filled)


class Gearbox(wiring.Component):
    """Keeps what does not fill a piece yet; takes a piece as soon as no whole one is left.

    Where the output never waits, one side moves a piece in every cycle: the one whose pieces are
    shorter. ``i.ready`` depends on ``o.ready``; ``o.valid`` and ``o.payload`` are made of
    registers.

    Parameters
    ----------
    params : GearboxParams

    Attributes
    ----------
    i : stream of ``8 * take`` bits, in
    o : stream of ``8 * give`` bits, out
        Earlier bytes in lower bits on both sides.
    """

    i: Any
    o: Any

    def __init__(self, params: GearboxParams) -> None:
        self.params = params
        super().__init__(
            {
                "i": In(stream.Signature(8 * params.take)),
                "o": Out(stream.Signature(8 * params.give)),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the shifter and its counts."""
        m = Module()
        params = self.params
        bits = 8 * params.unit
        take, give, last = (n // params.unit for n in (params.take, params.give, params.last))
        widest = max(take, last)
        places = widest + give - 1
        kept = Signal(places * bits, reset_less=True)
        count = Signal(range(places + 1))
        piece = Signal(range(params.pieces))
        at_last = Signal()
        leave = Signal()
        enter = Signal()
        rest = Signal(range(places + 1))
        m.d.comb += [
            self.o.valid.eq(count >= give),
            self.o.payload.eq(kept[: give * bits]),
            leave.eq(self.o.valid & self.o.ready),
            rest.eq(Mux(leave, count - give, count)),
            self.i.ready.eq(rest < give),
            enter.eq(self.i.valid & self.i.ready),
            at_last.eq(piece == params.pieces - 1),
        ]
        m.d.sync += count.eq(rest + Mux(enter, Mux(at_last, last, take), 0))
        with m.If(enter):
            m.d.sync += piece.eq(Mux(at_last, 0, piece + 1))

        moved = Signal(places * bits)
        m.d.comb += moved.eq(Mux(leave, kept >> (give * bits), kept))
        whole = Cat(self.i.payload, Const(0, (widest - take) * bits))
        m.d.sync += kept.eq(moved)
        with m.If(enter), m.Switch(rest):
            for place in range(give):
                with m.Case(place):
                    end = place + widest
                    m.d.sync += kept[place * bits : end * bits].eq(whole)
        return m
