"""AXI4-Lite: from the bus to single reads and writes of 32-bit words."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ....runtime.registers import ADDRESS_BITS

LITE_PORTS = {
    "awaddr": In(ADDRESS_BITS),
    "awprot": In(3),
    "awvalid": In(1),
    "awready": Out(1),
    "wdata": In(32),
    "wstrb": In(4),
    "wvalid": In(1),
    "wready": Out(1),
    "bresp": Out(2),
    "bvalid": Out(1),
    "bready": In(1),
    "araddr": In(ADDRESS_BITS),
    "arprot": In(3),
    "arvalid": In(1),
    "arready": Out(1),
    "rdata": Out(32),
    "rresp": Out(2),
    "rvalid": Out(1),
    "rready": In(1),
}
"""The signals of the bus, seen from the circuit, by their names without prefix."""


class Lite(wiring.Component):
    """Takes a write's address and data in either order; one read and one write at a time.

    All outputs to the bus are registers; every answer is OKAY. A read takes 3 cycles from address
    to data, a write 2 from the later of address and data to its answer.

    Attributes
    ----------
    bus : the signals of ``LITE_PORTS``
    writing : out
        High for a cycle with ``write_word``, ``write_data``, ``write_mask`` (a bit for each bit).
    write_word, read_word : out
        Which word: the address without its two lowest bits.
    reading : out
        ``read_word`` is asked for.
    read_data : in
        What it holds, in the same cycle.
    """

    bus: Any
    writing: Signal
    write_word: Signal
    write_data: Signal
    write_mask: Signal
    reading: Signal
    read_word: Signal
    read_data: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "bus": Out(wiring.Signature(LITE_PORTS)),
                "writing": Out(1),
                "write_word": Out(ADDRESS_BITS - 2),
                "write_data": Out(32),
                "write_mask": Out(32),
                "reading": Out(1),
                "read_word": Out(ADDRESS_BITS - 2),
                "read_data": In(32),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        self._writes(m)
        self._reads(m)
        return m

    def _writes(self, m: Module) -> None:
        """Keep address and data until both are there, and answer."""
        bus = self.bus
        addressed = Signal()
        filled = Signal()
        open_ = Signal()  # out of reset
        m.d.sync += open_.eq(1)
        m.d.comb += [
            bus.awready.eq(open_ & ~addressed),
            bus.wready.eq(open_ & ~filled),
            self.writing.eq(addressed & filled & ~bus.bvalid),
        ]
        with m.If(bus.awvalid & bus.awready):
            m.d.sync += [addressed.eq(1), self.write_word.eq(bus.awaddr[2:])]
        with m.If(bus.wvalid & bus.wready):
            m.d.sync += [filled.eq(1), self.write_data.eq(bus.wdata)]
            for byte in range(4):
                strobe = bus.wstrb[byte].replicate(8)
                m.d.sync += self.write_mask.word_select(byte, 8).eq(strobe)
        with m.If(bus.bready):
            m.d.sync += bus.bvalid.eq(0)
        with m.If(self.writing):
            m.d.sync += [bus.bvalid.eq(1), addressed.eq(0), filled.eq(0)]

    def _reads(self, m: Module) -> None:
        """Keep the address for a cycle, then the data until they are taken."""
        bus = self.bus
        open_ = Signal()
        m.d.sync += open_.eq(1)
        m.d.comb += bus.arready.eq(open_ & ~self.reading & ~bus.rvalid)
        with m.If(bus.arvalid & bus.arready):
            m.d.sync += [self.reading.eq(1), self.read_word.eq(bus.araddr[2:])]
        with m.If(bus.rready):
            m.d.sync += bus.rvalid.eq(0)
        with m.If(self.reading):
            m.d.sync += [self.reading.eq(0), bus.rvalid.eq(1), bus.rdata.eq(self.read_data)]
