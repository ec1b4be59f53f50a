"""Decides what a verified packet does."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ....runtime.protocol import Kind
from .params import ShellParams
from .position import HEADER, chunk_of, offset_of, position_layout


class Dispatcher(wiring.Component):
    """Compares a packet with the state of the session and acts on it, in 2 cycles.

    Parameters
    ----------
    params : ShellParams
        The shell's parameters.

    Attributes
    ----------
    packet : stream of HEADER, in
        A verified packet.
    storing, expected, expected_length : in
        See ``Inbox``.
    session : out (16 bits)
        The open session, 0 for none.
    opened, inform, acknowledge, accept, rewind : out
        Each high for a cycle: a new session; INFO is wanted; ACK is wanted; the payload is the
        expected one; results are wanted again.
    acknowledged : out
        Position before which the host has every result.
    """

    packet: Any
    storing: Signal
    expected: Any
    expected_length: Signal
    session: Signal
    opened: Signal
    inform: Signal
    acknowledge: Signal
    accept: Signal
    rewind: Signal
    acknowledged: Any

    def __init__(self, params: ShellParams) -> None:
        self.params = params
        super().__init__(
            {
                "packet": In(stream.Signature(HEADER)),
                "storing": In(1),
                "expected": In(position_layout(params.source)),
                "expected_length": In(7),
                "session": Out(16),
                "opened": Out(1),
                "inform": Out(1),
                "acknowledge": Out(1),
                "accept": Out(1),
                "rewind": Out(1),
                "acknowledged": Out(position_layout(params.sink)),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        header = self.packet.payload
        ours = Signal()
        awaited = Signal()
        m.d.sync += [
            ours.eq(header.session == self.session),
            awaited.eq(
                self.storing
                & (header.image == self.expected.image)
                & (header.offset == offset_of(self.expected))
                & (header.length == self.expected_length)
            ),
        ]
        with m.FSM():
            with m.State("COMPARE"), m.If(self.packet.valid):
                m.next = "ACT"
            with m.State("ACT"):
                m.d.comb += self.packet.ready.eq(1)
                m.next = "COMPARE"
                with m.If(header.kind == Kind.HELLO):
                    m.d.comb += [self.inform.eq(1), self.opened.eq(~ours)]
                    m.d.sync += self.session.eq(header.session)
                with m.Elif(ours & (header.kind == Kind.DATA)):
                    # An accepted packet is acknowledged when the core has taken it.
                    m.d.comb += [self.accept.eq(awaited), self.acknowledge.eq(~awaited)]
                with m.Elif(ours & ((header.kind == Kind.ACK) | (header.kind == Kind.RESEND))):
                    m.d.comb += self.rewind.eq(header.kind == Kind.RESEND)
                    chunk = chunk_of(self.params.sink, header.offset)
                    m.d.sync += self.acknowledged.as_value().eq(Cat(chunk, header.image))
        with m.If(self.opened):
            m.d.sync += self.acknowledged.as_value().eq(0)
        return m
