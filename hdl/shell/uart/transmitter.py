"""Sends packets: header, payload, CRC."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from ....runtime.protocol import CRC_BYTES, HEADER_BYTES, SYNC
from .position import HEADER


class PacketTransmitter(wiring.Component):
    """Headers in, bytes out; the payload is fetched byte by byte while it is sent.

    A header is taken whole when the packet begins, so that nothing that changes later can tear it.
    Its payload can change all the same: where ``void`` was high the packet ends in a wrong CRC.
    A payload byte takes 3 cycles, every other byte one, where ``tx`` is always ready.

    Attributes
    ----------
    packet : stream of HEADER (88 bits), in
    tx : stream of 8 bits, out
    index : out (6 bits)
        Byte of the payload that is wanted.
    data : in (8 bits)
        That byte, one cycle later.
    void : in
        The packet under way is worth nothing any more.
    done : out
        High for a cycle when a packet's last byte is taken.
    """

    packet: Any
    tx: Any
    index: Signal
    data: Signal
    void: Signal
    done: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "packet": In(stream.Signature(HEADER)),
                "tx": Out(stream.Signature(8)),
                "index": Out(6),
                "data": In(8),
                "void": In(1),
                "done": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        m.submodules.crc = crc = CRC32_ISO_HDLC(8).create()
        header = Signal(HEADER.size)
        length = Signal(7)
        count = Signal(range(HEADER_BYTES))
        left = Signal(7)
        byte = Signal(8)
        taken = Signal()
        spoiled = Signal()
        with m.If(self.void):
            m.d.sync += spoiled.eq(1)
        m.d.comb += [
            taken.eq(self.tx.valid & self.tx.ready),
            crc.data.eq(self.tx.payload),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.packet.ready.eq(1)
                m.d.sync += [
                    header.eq(self.packet.payload),
                    length.eq(self.packet.payload.length),
                    count.eq(0),
                    self.index.eq(0),
                    spoiled.eq(0),
                ]
                with m.If(self.packet.valid):
                    m.next = "SYNC"
            with m.State("SYNC"):
                m.d.comb += [
                    self.tx.payload.eq(SYNC),
                    self.tx.valid.eq(1),
                    crc.start.eq(1),
                ]
                m.d.sync += left.eq(length)
                with m.If(taken):
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += [
                    self.tx.payload.eq(header[:8]),
                    self.tx.valid.eq(1),
                    crc.valid.eq(taken),
                ]
                with m.If(taken):
                    m.d.sync += [header.eq(header[8:]), count.eq(count + 1)]
                    with m.If(count == HEADER_BYTES - 1):
                        m.d.sync += count.eq(0)
                        m.next = "FETCH"
            with m.State("FETCH"):
                with m.If(left == 0):
                    m.next = "CRC"
                with m.Else():
                    m.next = "LOAD"
            with m.State("LOAD"):
                # A register of its own: block RAM is slow, and the CRC is a deep network.
                m.d.sync += byte.eq(self.data)
                m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.comb += [
                    self.tx.payload.eq(byte),
                    self.tx.valid.eq(1),
                    crc.valid.eq(taken),
                ]
                with m.If(taken):
                    m.d.sync += [self.index.eq(self.index + 1), left.eq(left - 1)]
                    m.next = "FETCH"
            with m.State("CRC"):
                m.d.comb += [
                    self.tx.payload.eq(crc.crc.word_select(count[:2], 8) ^ spoiled.replicate(8)),
                    self.tx.valid.eq(1),
                ]
                with m.If(taken):
                    m.d.sync += count.eq(count + 1)
                    with m.If(count == CRC_BYTES - 1):
                        m.d.comb += self.done.eq(1)
                        m.next = "IDLE"
        return m
