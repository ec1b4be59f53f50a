"""Between the bytes of packets and the beats of a core's stream."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .params import PortParams


class Gather(wiring.Component):
    """Makes beats of bytes, each ``port.beat_bytes``; every byte and every beat takes a cycle.

    Parameters
    ----------
    port : PortParams

    Attributes
    ----------
    i : stream of 8 bits, in
    o : stream of ``port.beat``, out
    """

    i: Any
    o: Any

    def __init__(self, port: PortParams) -> None:
        self.port = port
        super().__init__(
            {"i": In(stream.Signature(8)), "o": Out(stream.Signature(port.beat.width))}
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        port = self.port
        beat = Signal(port.beat_bytes * 8, reset_less=True)
        count = Signal(range(port.beat_bytes))
        whole = Signal()
        stored = port.element_bytes * 8
        lanes = [beat[i * stored : i * stored + port.beat.bits] for i in range(port.beat.lanes)]
        m.d.comb += [
            self.o.payload.eq(Cat(*lanes)),
            self.o.valid.eq(whole),
            self.i.ready.eq(~whole),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [beat.eq(Cat(beat[8:], self.i.payload)), count.eq(count + 1)]
            with m.If(count == port.beat_bytes - 1):
                m.d.sync += [count.eq(0), whole.eq(1)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += whole.eq(0)
        return m


class Scatter(wiring.Component):
    """Makes bytes of beats, each ``port.beat_bytes``; every beat and every byte takes a cycle.

    Parameters
    ----------
    port : PortParams

    Attributes
    ----------
    i : stream of ``port.beat``, in
    o : stream of 8 bits, out
    """

    i: Any
    o: Any

    def __init__(self, port: PortParams) -> None:
        self.port = port
        super().__init__(
            {"i": In(stream.Signature(port.beat.width)), "o": Out(stream.Signature(8))}
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        port = self.port
        beat = Signal(port.beat_bytes * 8, reset_less=True)
        count = Signal(range(port.beat_bytes))
        some = Signal()
        elements = []
        for lane in range(port.beat.lanes):
            element = self.i.payload[lane * port.beat.bits : (lane + 1) * port.beat.bits]
            whole = Signal(port.element_bytes * 8, name=f"element_{lane}")
            m.d.comb += whole.eq(element.as_signed() if port.beat.signed else element)
            elements.append(whole)
        m.d.comb += [
            self.i.ready.eq(~some),
            self.o.valid.eq(some),
            self.o.payload.eq(beat[:8]),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [beat.eq(Cat(*elements)), some.eq(1)]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [beat.eq(beat[8:]), count.eq(count + 1)]
            with m.If(count == port.beat_bytes - 1):
                m.d.sync += [count.eq(0), some.eq(0)]
        return m
