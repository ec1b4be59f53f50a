"""The shell: packets on one side, the core's streams on the other."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Mux, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from .arbiter import Arbiter
from .counters import Counters
from .dispatcher import Dispatcher
from .inbox import Inbox
from .outbox import Outbox
from .params import ShellParams
from .receiver import PacketReceiver
from .transmitter import PacketTransmitter

RESET_CYCLES = 15
"""Cycles for which a new session holds the core in reset."""


class Shell(wiring.Component):
    """Speaks the protocol of ``runtime/protocol.py`` for a core.

    Verified DATA packets at the expected position go into the inbox and from there to the core;
    the core's results wait in the outbox until the host acknowledges them. HELLO with another
    session than the open one clears both and resets the core for ``RESET_CYCLES``.

    ``rx`` is not ready for at most 5 cycles around the end of a packet's header and of a packet:
    a serial receiver that takes at least 8 cycles a byte loses nothing. An image's byte reaches
    the core 2 cycles a byte after its packet is verified.

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
    core_reset : out
        Reset of the core, besides the domain's own; both streams are silent meanwhile.
    """

    rx: Any
    tx: Any
    source: Any
    sink: Any
    core_reset: Signal

    def __init__(self, params: ShellParams) -> None:
        self.params = params
        super().__init__(
            {
                "rx": In(stream.Signature(8)),
                "tx": Out(stream.Signature(8)),
                "source": Out(stream.Signature(params.source.beat.width)),
                "sink": In(stream.Signature(params.sink.beat.width)),
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
        m.submodules.inbox = ResetInserter(clear)(inbox)
        m.submodules.outbox = ResetInserter(clear)(outbox)
        m.submodules.counters = ResetInserter(clear)(counters)
        m.submodules.arbiter = arbiter = Arbiter(self.params)
        m.submodules.transmitter = transmitter = PacketTransmitter()

        # A new session: everything between the packet layers starts anew.
        countdown = Signal(range(RESET_CYCLES + 1))
        with m.If(dispatcher.opened):
            m.d.sync += countdown.eq(RESET_CYCLES)
        with m.Elif(clear):
            m.d.sync += countdown.eq(countdown - 1)
        m.d.comb += [clear.eq(countdown != 0), self.core_reset.eq(clear)]

        # The core's streams.
        m.d.comb += [
            self.source.payload.eq(inbox.core.payload),
            self.source.valid.eq(inbox.core.valid & ~clear),
            inbox.core.ready.eq(self.source.ready),
            outbox.core.payload.eq(self.sink.payload),
            outbox.core.valid.eq(self.sink.valid & ~clear),
            self.sink.ready.eq(outbox.core.ready & ~clear),
        ]

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
            counters.cycle.eq(~clear),
            counters.stall.eq(self.sink.valid & ~self.sink.ready),
        ]
        return m
