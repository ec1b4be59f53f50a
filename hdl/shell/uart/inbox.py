"""From verified DATA packets to the bytes of the core's input."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from ....runtime.protocol import MAX_PAYLOAD
from .params import PortParams
from .position import following, length_at, position_layout


class Inbox(wiring.Component):
    """A ring of packet slots: written speculatively, committed by ``accept``, drained to the core.

    The drain moves one byte in 2 cycles and waits while the core does not take it.

    Parameters
    ----------
    port : PortParams
        The core's input.

    Attributes
    ----------
    begin, write, index, data : in
        A payload, from ``PacketReceiver``.
    storing : out
        The payload since ``begin`` went into a free slot.
    accept : in
        That payload is the one expected: commit it. Only while ``storing``.
    expected : out
        Position of the next packet to accept; its length is ``expected_length``.
    taken : out
        Position up to which the core's port has taken everything.
    moved : out
        High for a cycle when ``taken`` has advanced.
    core : stream of 8 bits, out
    """

    begin: Signal
    write: Signal
    index: Signal
    data: Signal
    storing: Signal
    accept: Signal
    expected: Any
    expected_length: Signal
    taken: Any
    moved: Signal
    core: Any

    def __init__(self, port: PortParams) -> None:
        self.port = port
        super().__init__(
            {
                "begin": In(1),
                "write": In(1),
                "index": In(6),
                "data": In(8),
                "storing": Out(1),
                "accept": In(1),
                "expected": Out(position_layout(port)),
                "expected_length": Out(7),
                "taken": Out(position_layout(port)),
                "moved": Out(1),
                "core": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        port = self.port
        m.submodules.slots = slots = memory.Memory(shape=8, depth=port.slots * MAX_PAYLOAD, init=[])
        filling = slots.write_port()
        draining = slots.read_port()
        write_slot = Signal(range(port.slots))
        read_slot = Signal(range(port.slots))
        used = Signal(range(port.slots + 1))
        index = Signal(7)
        freed = Signal()

        m.d.comb += [
            filling.addr.eq(Cat(self.index, write_slot)),
            filling.data.eq(self.data),
            filling.en.eq(self.write & self.storing),
            self.expected_length.eq(length_at(port, self.expected)),
        ]
        with m.If(self.begin):
            m.d.sync += self.storing.eq(used != port.slots)
        with m.If(self.accept):
            m.d.sync += [
                write_slot.eq(write_slot + 1),
                self.expected.as_value().eq(following(port, self.expected)),
                self.storing.eq(0),
            ]
        m.d.sync += used.eq(used + self.accept - freed)

        m.d.comb += [
            self.core.payload.eq(draining.data),
            draining.addr.eq(Cat(index[:6], read_slot)),
            self.moved.eq(freed),
        ]
        with m.FSM():
            with m.State("READ"):
                m.d.comb += draining.en.eq(1)
                with m.If(used != 0):
                    m.next = "BYTE"
            with m.State("BYTE"):
                m.d.comb += self.core.valid.eq(1)
                with m.If(self.core.ready):
                    m.d.sync += index.eq(index + 1)
                    m.next = "READ"
                    with m.If(index + 1 == length_at(port, self.taken)):
                        m.d.comb += freed.eq(1)
                        m.d.sync += [
                            index.eq(0),
                            read_slot.eq(read_slot + 1),
                            self.taken.as_value().eq(following(port, self.taken)),
                        ]
        return m
