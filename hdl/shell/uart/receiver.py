"""Finds packets in a stream of bytes and checks their CRC."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from ....runtime.protocol import CRC_BYTES, HEADER_BYTES, MAX_PAYLOAD, SYNC
from .position import HEADER


class PacketReceiver(wiring.Component):
    """Bytes in, headers of verified packets out; payloads are written to memory on the way.

    One byte per cycle. Between the last byte and ``packet.valid`` pass 2 cycles; no byte is
    taken while a packet waits to be accepted. What is not a packet is skipped byte by byte; a
    false sync swallows what its length says, at most 79 bytes.

    Attributes
    ----------
    rx : stream of 8 bits, in
    packet : stream of HEADER (88 bits), out
        A packet whose CRC is right.
    begin : out
        A payload begins: no ``write`` before it.
    write, index (6 bits), data (8 bits) : out
        Byte ``index`` of the payload is ``data``; not verified yet.
    rejected : out
        High for a cycle when a packet's CRC is wrong.
    """

    rx: Any
    packet: Any
    begin: Signal
    write: Signal
    index: Signal
    data: Signal
    rejected: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "rx": In(stream.Signature(8)),
                "packet": Out(stream.Signature(HEADER)),
                "begin": Out(1),
                "write": Out(1),
                "index": Out(6),
                "data": Out(8),
                "rejected": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        m.submodules.crc = crc = CRC32_ISO_HDLC(8).create()
        header = Signal(HEADER)
        count = Signal(range(HEADER_BYTES))
        byte = self.rx.payload
        shift = Cat(header.as_value()[8:], byte)
        m.d.comb += [
            self.packet.payload.eq(header),
            self.data.eq(byte),
            crc.data.eq(byte),
        ]
        with m.FSM():
            with m.State("HUNT"):
                m.d.comb += [self.rx.ready.eq(1), crc.start.eq(1)]
                m.d.sync += count.eq(0)
                with m.If(self.rx.valid & (byte == SYNC)):
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += [self.rx.ready.eq(1), crc.valid.eq(self.rx.valid)]
                with m.If(self.rx.valid):
                    m.d.sync += [header.as_value().eq(shift), count.eq(count + 1)]
                    with m.If(count == HEADER_BYTES - 1):
                        m.next = "LENGTH"
            with m.State("LENGTH"):
                m.d.comb += self.begin.eq(1)
                m.d.sync += [self.index.eq(0), count.eq(0)]
                with m.If(header.length > MAX_PAYLOAD):
                    m.next = "HUNT"
                with m.Elif(header.length == 0):
                    m.next = "CRC"
                with m.Else():
                    m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.comb += [
                    self.rx.ready.eq(1),
                    crc.valid.eq(self.rx.valid),
                    self.write.eq(self.rx.valid),
                ]
                with m.If(self.rx.valid):
                    m.d.sync += self.index.eq(self.index + 1)
                    with m.If(self.index + 1 == header.length):
                        m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [self.rx.ready.eq(1), crc.valid.eq(self.rx.valid)]
                with m.If(self.rx.valid):
                    m.d.sync += count.eq(count + 1)
                    with m.If(count == CRC_BYTES - 1):
                        m.next = "VERIFY"
            with m.State("VERIFY"):
                m.d.comb += self.rejected.eq(~crc.match_detected)
                with m.If(crc.match_detected):
                    m.next = "PACKET"
                with m.Else():
                    m.next = "HUNT"
            with m.State("PACKET"):
                m.d.comb += self.packet.valid.eq(1)
                with m.If(self.packet.ready):
                    m.next = "HUNT"
        return m
