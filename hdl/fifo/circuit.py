"""The credit FIFO: its slots are claimed when a firing starts and filled when it ends."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import stream
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from ...runtime.numerics import bits_for, clog2
from ..memories import told_style
from ..memory import ram_attributes
from .params import FifoParams


class CreditFifo(Component):
    """A ring of ``params.depth`` tokens, rounded up to a power of two in storage only.

    A token that is pushed in cycle p is ``valid`` from cycle p + 2 on (``FIFO_LATENCY``), in order.
    A slot that is popped (``o.valid & o.ready``) in cycle q can be claimed from q + 1 on
    (``CREDIT_LATENCY``). Initiation interval 1 on both sides. ``o.valid`` and ``space`` are
    registers and ``o.payload`` is the output of a synchronous memory: nothing goes through
    combinationally.

    Parameters
    ----------
    params : FifoParams
        Width, logical depth, burst, storage.

    Attributes
    ----------
    claim : In(1)
        Reserve ``params.burst`` slots in this cycle; allowed only where ``space`` is high.
    space : Out(1)
        Whether ``params.burst`` slots are free: claims and pops of earlier cycles are counted.
    push : In(1)
        Store ``payload`` in this cycle, into a slot that was claimed in this cycle or earlier.
    payload : In(params.width)
    o : Out(stream)
    """

    def __init__(self, params: FifoParams) -> None:
        self.params = params
        super().__init__(
            {
                "claim": In(1),
                "space": Out(1),
                "push": In(1),
                "payload": In(params.width),
                "o": Out(stream.Signature(unsigned(params.width))),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the ring, its pointers and the count of free slots."""
        m = Module()
        depth, burst = self.params.depth, self.params.burst
        places = 1 << max(1, clog2(depth))
        bits = clog2(places)

        # One pointer bit more than the address: equal pointers mean empty, never full.
        write_pointer = Signal(bits + 1)
        read_pointer = Signal(bits + 1)
        read_after = Signal(bits + 1, init=1)
        pop = Signal()
        m.d.comb += pop.eq(self.o.valid & self.o.ready)
        with m.If(self.push):
            m.d.sync += write_pointer.eq(write_pointer + 1)
        with m.If(pop):
            m.d.sync += [read_pointer.eq(read_after), read_after.eq(read_after + 1)]
        # Both comparisons start from registers, so that the late pop only selects.
        m.d.sync += self.o.valid.eq(
            Mux(pop, write_pointer != read_after, write_pointer != read_pointer)
        )

        style = told_style(self.params.style, places, self.params.width, platform)
        m.submodules.slots = slots = Memory(
            shape=unsigned(self.params.width),
            depth=places,
            init=[],
            attrs=ram_attributes(style),
        )
        write, read = slots.write_port(), slots.read_port()
        m.d.comb += [
            write.en.eq(self.push),
            write.addr.eq(write_pointer),
            write.data.eq(self.payload),
            read.addr.eq(Mux(pop, read_after, read_pointer)),
            self.o.payload.eq(read.data),
        ]

        # Free slots less one burst: the sign says whether there is space.
        free = Signal(signed(bits_for(-burst, max(0, depth - burst))), init=depth - burst)
        m.d.sync += free.eq(free + pop - Mux(self.claim, burst, 0))
        m.d.comb += self.space.eq(~free[-1])
        return m
