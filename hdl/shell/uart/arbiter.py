"""Chooses what the shell sends next."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ....runtime.protocol import INFO_BYTES, Kind
from .params import ShellParams
from .position import HEADER, offset_of, position_layout


class Arbiter(wiring.Component):
    """Makes the header of the next packet, one at a time.

    INFO comes first. An ACK that was asked for or that ``params.source.slots / 4`` packets wait for
    comes before a RESULT, any other one after it: where the line is busy with results it carries
    few ACKs. A repetition of results begins only between two packets.

    Parameters
    ----------
    params : ShellParams
        The shell's parameters.

    Attributes
    ----------
    clear : in
        A session begins: nothing is sent, the packet under way is no result any more.
    session : in
    inform, acknowledge, resend : in
        Each asks, for a cycle, for INFO, for ACK, for all results again.
    moved : in
        High for a cycle when ``taken`` has advanced by a packet.
    taken : in
        Position of ACK and INFO.
    available, sent, length : in
        The next result packet, see ``Outbox``.
    done : in
        A packet has been sent.
    packet : stream of HEADER, out
    capture, rewind, advance : out
        To ``Counters`` and ``Outbox``, each high for a cycle.
    informing : out
        The payload under way is INFO's.
    """

    clear: Signal
    session: Signal
    inform: Signal
    acknowledge: Signal
    resend: Signal
    moved: Signal
    taken: Any
    available: Signal
    sent: Any
    length: Signal
    done: Signal
    packet: Any
    capture: Signal
    rewind: Signal
    advance: Signal
    informing: Signal

    def __init__(self, params: ShellParams) -> None:
        self.params = params
        super().__init__(
            {
                "clear": In(1),
                "session": In(16),
                "inform": In(1),
                "acknowledge": In(1),
                "resend": In(1),
                "moved": In(1),
                "taken": In(position_layout(params.source)),
                "available": In(1),
                "sent": In(position_layout(params.sink)),
                "length": In(7),
                "done": In(1),
                "packet": Out(stream.Signature(HEADER)),
                "capture": Out(1),
                "rewind": Out(1),
                "advance": Out(1),
                "informing": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        patience = max(1, self.params.source.slots // 4)
        inform = Signal()
        acknowledge = Signal()
        urgent = Signal()
        owed = Signal(range(patience + 1))  # packets that ``taken`` has advanced since an ACK
        resend = Signal()
        result = Signal()  # the packet under way is a result of this session
        header = self.packet.payload
        m.d.comb += [
            header.session.eq(self.session),
            header.image.eq(self.taken.image),
            header.offset.eq(offset_of(self.taken)),
            self.advance.eq(self.done & result),
        ]
        with m.If(self.packet.ready & ~self.clear):
            with m.If(resend):
                m.d.comb += self.rewind.eq(1)
                m.d.sync += resend.eq(0)
            with m.Else():
                m.d.comb += self.packet.valid.eq(inform | urgent | acknowledge | self.available)
                m.d.sync += [self.informing.eq(inform), result.eq(0)]
                with m.If(inform):
                    m.d.comb += [
                        header.kind.eq(Kind.INFO),
                        header.length.eq(INFO_BYTES),
                        self.capture.eq(1),
                    ]
                    m.d.sync += inform.eq(0)
                with m.Elif(urgent | (acknowledge & ~self.available)):
                    m.d.comb += header.kind.eq(Kind.ACK)
                    m.d.sync += [acknowledge.eq(0), urgent.eq(0), owed.eq(0)]
                with m.Else():
                    m.d.comb += [
                        header.kind.eq(Kind.RESULT),
                        header.length.eq(self.length),
                        header.image.eq(self.sent.image),
                        header.offset.eq(offset_of(self.sent)),
                    ]
                    m.d.sync += result.eq(self.available)
        with m.If(self.moved):
            with m.If(owed == patience - 1):
                m.d.sync += [urgent.eq(1), owed.eq(0)]
            with m.Else():
                m.d.sync += owed.eq(owed + 1)
        for pending, request in (
            (inform, self.inform),
            (acknowledge, self.moved),
            (urgent, self.acknowledge),
            (resend, self.resend),
        ):
            with m.If(request):
                m.d.sync += pending.eq(1)
        with m.If(self.clear):
            m.d.sync += [
                acknowledge.eq(0),
                urgent.eq(0),
                owed.eq(0),
                resend.eq(0),
                result.eq(0),
            ]
        return m
