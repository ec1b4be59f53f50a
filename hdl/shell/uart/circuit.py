"""The shell: packets on one side, the core's streams on the other."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import (
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    Module,
    Mux,
    ResetSignal,
    Signal,
)
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import AsyncFIFO
from amaranth.lib.wiring import In, Out, connect, flipped

from ..core_reset import CoreReset
from .arbiter import Arbiter
from .beats import Gather, Scatter
from .counters import Counters
from .dispatcher import Dispatcher
from .inbox import Inbox
from .outbox import Outbox
from .params import ShellParams
from .receiver import PacketReceiver
from .ticks import Ticks
from .transmitter import PacketTransmitter

FIFO_BYTES = 8
"""Bytes between the two clocks, in each direction."""


class Shell(wiring.Component):
    """Speaks the protocol of ``runtime/protocol.py`` for a core with a clock of its own.

    Verified DATA packets at the expected position go into the inbox and from there to the core;
    the core's results wait in the outbox until the host acknowledges them. HELLO with another
    session than the open one clears both and resets the core.

    Packets belong to the domain ``sync``, the core's streams to ``core_clk``; bytes cross in
    asynchronous FIFOs. The two clocks may be one.

    ``rx`` is not ready for at most 5 cycles around the end of a packet's header and of a packet:
    a serial receiver that takes at least 8 cycles a byte loses nothing. An image's byte leaves
    for the core 2 cycles a byte after its packet is verified.

    Parameters
    ----------
    params : ShellParams
        Streams, buffers, digest.

    Attributes
    ----------
    rx : stream of 8 bits, in
    tx : stream of 8 bits, out
    source : stream, out
        The core's input, ``params.source.beat``.
    sink : stream, in
        The core's output, ``params.sink.beat``.
    core_clk : in
    core_reset : out
        Reset of the core, synchronous to ``core_clk``.
    """

    rx: Any
    tx: Any
    source: Any
    sink: Any
    core_clk: Signal
    core_reset: Signal

    def __init__(self, params: ShellParams) -> None:
        self.params = params
        super().__init__(
            {
                "rx": In(stream.Signature(8)),
                "tx": Out(stream.Signature(8)),
                "source": Out(stream.Signature(params.source.beat.width)),
                "sink": In(stream.Signature(params.sink.beat.width)),
                "core_clk": In(1),
                "core_reset": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        clear = Signal()
        inbox = Inbox(self.params.source)
        outbox = Outbox(self.params.sink)
        counters = Counters(self.params)
        m.submodules.receiver = receiver = PacketReceiver()
        m.submodules.dispatcher = dispatcher = Dispatcher(self.params)
        m.submodules.inbox = DomainRenamer("link")(inbox)
        m.submodules.outbox = DomainRenamer("link")(outbox)
        m.submodules.counters = DomainRenamer("link")(counters)
        m.submodules.arbiter = arbiter = Arbiter(self.params)
        m.submodules.transmitter = transmitter = PacketTransmitter()

        # A new session: everything between the packet layers starts anew.
        m.submodules.reset = reset = CoreReset()
        m.domains.link = ClockDomain(local=True)
        m.domains.core = ClockDomain(local=True)
        m.d.comb += [
            reset.request.eq(dispatcher.opened),
            reset.core_clk.eq(self.core_clk),
            clear.eq(reset.resetting),
            ClockSignal("link").eq(ClockSignal("sync")),
            ResetSignal("link").eq(clear),
            ClockSignal("core").eq(self.core_clk),
            ResetSignal("core").eq(reset.core_reset),
            self.core_reset.eq(reset.core_reset),
        ]
        ticks = self._cross(m, inbox, outbox)

        # From the host.
        connect(m, flipped(self.rx), receiver.rx)
        connect(m, receiver.packet, dispatcher.packet)
        m.d.comb += [
            inbox.begin.eq(receiver.begin),
            inbox.write.eq(receiver.write),
            inbox.index.eq(receiver.index),
            inbox.data.eq(receiver.data),
            inbox.accept.eq(dispatcher.accept),
            dispatcher.storing.eq(inbox.storing),
            dispatcher.expected.eq(inbox.expected),
            dispatcher.expected_length.eq(inbox.expected_length),
            outbox.acknowledged.eq(dispatcher.acknowledged),
        ]

        # To the host.
        connect(m, arbiter.packet, transmitter.packet)
        connect(m, transmitter.tx, flipped(self.tx))
        m.d.comb += [
            arbiter.clear.eq(clear),
            arbiter.session.eq(dispatcher.session),
            arbiter.inform.eq(dispatcher.inform),
            arbiter.acknowledge.eq(dispatcher.acknowledge),
            arbiter.moved.eq(inbox.moved),
            arbiter.resend.eq(dispatcher.rewind),
            arbiter.taken.eq(inbox.taken),
            arbiter.available.eq(outbox.available),
            arbiter.sent.eq(outbox.sent),
            arbiter.length.eq(outbox.length),
            arbiter.done.eq(transmitter.done),
            outbox.rewind.eq(arbiter.rewind),
            outbox.advance.eq(arbiter.advance),
            outbox.index.eq(transmitter.index),
            counters.index.eq(transmitter.index),
            # What a packet takes its payload from is cleared with the session.
            transmitter.void.eq(clear),
            transmitter.data.eq(Mux(arbiter.informing, counters.data, outbox.data)),
        ]

        m.d.comb += [
            counters.capture.eq(arbiter.capture),
            counters.frame.eq(outbox.completed),
            counters.reject.eq(receiver.rejected),
            counters.cycles.eq(ticks.cycles),
            counters.stalls.eq(ticks.stalls),
            ticks.frozen.eq(arbiter.informing),
        ]
        return m

    def _cross(self, m: Module, inbox: Inbox, outbox: Outbox) -> Ticks:
        """Carry bytes between the boxes and the core's streams, and the core's counts back."""
        in_fifo = AsyncFIFO(width=8, depth=FIFO_BYTES, w_domain="link", r_domain="core")
        out_fifo = AsyncFIFO(width=8, depth=FIFO_BYTES, w_domain="core", r_domain="link")
        gather, scatter = Gather(self.params.source), Scatter(self.params.sink)
        ticks = Ticks()
        m.submodules.in_fifo, m.submodules.out_fifo = in_fifo, out_fifo
        m.submodules.gather = DomainRenamer("core")(gather)
        m.submodules.scatter = DomainRenamer("core")(scatter)
        m.submodules.ticks = DomainRenamer({"sync": "link"})(ticks)
        connect(m, gather.o, flipped(self.source))
        connect(m, flipped(self.sink), scatter.i)
        m.d.comb += [
            in_fifo.w_data.eq(inbox.core.payload),
            in_fifo.w_en.eq(inbox.core.valid),
            inbox.core.ready.eq(in_fifo.w_rdy),
            gather.i.payload.eq(in_fifo.r_data),
            gather.i.valid.eq(in_fifo.r_rdy),
            in_fifo.r_en.eq(gather.i.ready),
            out_fifo.w_data.eq(scatter.o.payload),
            out_fifo.w_en.eq(scatter.o.valid),
            scatter.o.ready.eq(out_fifo.w_rdy),
            outbox.core.payload.eq(out_fifo.r_data),
            outbox.core.valid.eq(out_fifo.r_rdy),
            out_fifo.r_en.eq(outbox.core.ready),
            ticks.stall.eq(self.sink.valid & ~self.sink.ready),
        ]
        return ticks
