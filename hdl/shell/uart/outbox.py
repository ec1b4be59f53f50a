"""From the bytes of the core's output to RESULT packets that wait for their acknowledgement."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ....runtime.protocol import MAX_PAYLOAD
from .params import PortParams
from .position import following, length_at, position_layout


class Outbox(wiring.Component):
    """A ring of packet slots, each kept until the host has taken it.

    A byte enters in every cycle; the core waits while all slots are in use.

    Parameters
    ----------
    port : PortParams
        The core's output.

    Attributes
    ----------
    core : stream of 8 bits, in
    completed : out
        High for a cycle when the last byte of a frame has been stored.
    available : out
        A packet is to be sent: at position ``sent``, of ``length`` (7 bits) bytes.
    index (6 bits) : in; data (8 bits) : out
        Byte of that packet, one cycle later.
    advance : in
        That packet has been sent.
    acknowledged : in
        Position before which the host has everything; slots before it are freed.
    rewind : in
        Send everything again that is not freed; not together with ``advance``.
    """

    core: Any
    completed: Signal
    available: Signal
    sent: Any
    length: Signal
    index: Signal
    data: Signal
    advance: Signal
    acknowledged: Any
    rewind: Signal

    def __init__(self, port: PortParams) -> None:
        self.port = port
        super().__init__(
            {
                "core": In(stream.Signature(8)),
                "completed": Out(1),
                "available": Out(1),
                "sent": Out(position_layout(port)),
                "length": Out(7),
                "index": In(6),
                "data": Out(8),
                "advance": In(1),
                "acknowledged": In(position_layout(port)),
                "rewind": In(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        port = self.port
        m.submodules.slots = slots = memory.Memory(shape=8, depth=port.slots * MAX_PAYLOAD, init=[])
        filling = slots.write_port()
        sending = slots.read_port()
        stored = Signal()
        used = Signal(range(port.slots + 1))
        self._collect(m, filling, stored, used)

        freed = Signal()
        behind = Signal()
        free_slot = Signal(range(port.slots))
        send_slot = Signal(range(port.slots))
        unsent = Signal(range(port.slots + 1))
        oldest = Signal(position_layout(port))
        m.d.comb += [
            sending.addr.eq(Cat(self.index, send_slot)),
            self.data.eq(sending.data),
            self.available.eq(unsent != 0),
            self.length.eq(length_at(port, self.sent)),
            # Only what was sent can have been acknowledged; ``behind`` is a cycle old, therefore
            # two packets are never freed in neighbouring cycles.
            freed.eq(behind & (used != unsent) & ~self.rewind),
        ]
        m.d.sync += [
            behind.eq((oldest.as_value() < self.acknowledged.as_value()) & ~freed),
            used.eq(used + stored - freed),
        ]
        with m.If(freed):
            m.d.sync += [
                free_slot.eq(free_slot + 1),
                oldest.as_value().eq(following(port, oldest)),
            ]
        with m.If(self.rewind):
            m.d.sync += [
                send_slot.eq(free_slot),
                self.sent.eq(oldest),
                unsent.eq(used + stored),
            ]
        with m.Else():
            m.d.sync += unsent.eq(unsent + stored - self.advance)
            with m.If(self.advance):
                m.d.sync += [
                    send_slot.eq(send_slot + 1),
                    self.sent.as_value().eq(following(port, self.sent)),
                ]
        return m

    def _collect(self, m: Module, filling: Any, stored: Signal, used: Signal) -> None:
        """Put the core's bytes into slots; pulse ``stored`` per slot."""
        port = self.port
        write_slot = Signal(range(port.slots))
        index = Signal(7)
        chunk = Signal(range(port.packets))
        last = Signal()
        m.d.comb += [
            filling.addr.eq(Cat(index[:6], write_slot)),
            filling.data.eq(self.core.payload),
            last.eq(chunk == port.packets - 1),
            self.core.ready.eq(used != port.slots),
            filling.en.eq(self.core.valid & self.core.ready),
        ]
        with m.If(filling.en):
            m.d.sync += index.eq(index + 1)
            with m.If(index + 1 == Mux(last, port.last_length, MAX_PAYLOAD)):
                m.d.comb += [stored.eq(1), self.completed.eq(last)]
                m.d.sync += [
                    index.eq(0),
                    write_slot.eq(write_slot + 1),
                    chunk.eq(Mux(last, 0, chunk + 1)),
                ]
