"""The shell: AXI on one side, the core's streams on the other, each with a clock of its own."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import (
    Cat,
    ClockDomain,
    ClockSignal,
    DomainRenamer,
    Module,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer, ResetSynchronizer
from amaranth.lib.fifo import AsyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect

from ..core_reset import CoreReset
from .control import Control
from .counters import Counters
from .gearbox import Gearbox, GearboxParams
from .intake import Intake
from .lite import LITE_PORTS, Lite
from .outlet import Outlet
from .params import AxiParams, AxiPortParams
from .skid import Skid

FIFO_WORDS = 32
"""Words between the two clocks, in each direction."""

FRAMES = 64
"""Frames that may have come in before the result of the first is out."""

_IN_FLIGHT_BITS = 8


class AxiShell(wiring.Component):
    """Frames in, results out, and the registers of ``runtime/registers.py``.

    Everything AXI belongs to ``aclk``, the core's streams to ``core_clk``. Words and results cross
    in asynchronous FIFOs, single bits by two flip-flops; the copies of the counters stand still
    while they are read. The two clocks may be one.

    A reset, by ``aresetn`` or by CONTROL, resets the core (see ``CoreReset``); the half of the
    FIFOs in ``aclk`` comes out of it after the half in ``core_clk``.

    All outputs to AXI come from registers. From the last word of a frame to the core's input it
    takes 1 cycle of ``aclk`` in a ``Skid``, a FIFO, and 2 cycles of ``core_clk``; a result goes
    through a FIFO and another ``Skid``.

    Parameters
    ----------
    params : AxiParams

    Attributes
    ----------
    aclk, aresetn, core_clk : in
        ``aresetn`` is active low and may fall at any time.
    s_axis, m_axis : AXI4-Stream, in and out
        ``tdata``, ``tkeep``, ``tlast``, ``tvalid``, ``tready``.
    s_axi : AXI4-Lite, see ``LITE_PORTS``
    interrupt : out
    source : stream, out
        The core's input, ``params.source.beat``.
    sink : stream, in
        The core's output, ``params.sink.beat``.
    core_reset : out
        The core's reset, synchronous to ``core_clk``.
    """

    aclk: Signal
    aresetn: Signal
    core_clk: Signal
    s_axis: Any
    m_axis: Any
    s_axi: Any
    interrupt: Signal
    source: Any
    sink: Any
    core_reset: Signal

    def __init__(self, params: AxiParams) -> None:
        self.params = params
        super().__init__(
            {
                "aclk": In(1),
                "aresetn": In(1),
                "core_clk": In(1),
                "s_axis": In(axis_signature(params.source)),
                "m_axis": Out(axis_signature(params.sink)),
                "s_axi": Out(wiring.Signature(LITE_PORTS)),
                "interrupt": Out(1),
                "source": Out(stream.Signature(params.source.beat.width)),
                "sink": In(stream.Signature(params.sink.beat.width)),
                "core_reset": Out(1),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build both halves and what joins them."""
        m = Module()
        resetting = Signal()
        m.submodules.control = control = Control(self.params)
        self._domains(m, control, resetting)
        self._registers(m, control)
        source, sink = self.params.source, self.params.sink
        in_fifo = AsyncFIFO(
            width=8 * source.word_bytes, depth=FIFO_WORDS, w_domain="link", r_domain="core"
        )
        out_fifo = AsyncFIFO(
            width=8 * sink.word_bytes, depth=FIFO_WORDS, w_domain="core", r_domain="link"
        )
        m.submodules.in_fifo, m.submodules.out_fifo = in_fifo, out_fifo
        self._aclk_half(m, control, resetting, in_fifo, out_fifo)
        self._core_half(m, in_fifo, out_fifo)
        self._counters(m, control)
        return m

    def _domains(self, m: Module, control: Control, resetting: Signal) -> None:
        """Make the domains: sync and, reset with the core, link of aclk; core of core_clk."""
        m.domains.sync = ClockDomain(local=True)
        m.domains.link = ClockDomain(local=True)
        m.domains.core = ClockDomain(local=True)
        m.submodules.reset = reset = CoreReset()
        m.d.comb += [
            ClockSignal("sync").eq(self.aclk),
            ClockSignal("link").eq(self.aclk),
            ResetSignal("link").eq(resetting),
            ClockSignal("core").eq(self.core_clk),
            ResetSignal("core").eq(reset.core_reset),
            self.core_reset.eq(reset.core_reset),
            reset.request.eq(control.reset),
            reset.core_clk.eq(self.core_clk),
            resetting.eq(reset.resetting),
        ]
        m.submodules.bus_reset = ResetSynchronizer(~self.aresetn, domain="sync")

    def _registers(self, m: Module, control: Control) -> None:
        """Put the registers behind the bus."""
        m.submodules.lite = lite = Lite()
        for name, port in LITE_PORTS.items():
            inner, outer = getattr(lite.bus, name), getattr(self.s_axi, name)
            m.d.comb += inner.eq(outer) if port.flow is In else outer.eq(inner)
        m.d.comb += [
            control.writing.eq(lite.writing),
            control.write_word.eq(lite.write_word),
            control.write_data.eq(lite.write_data),
            control.write_mask.eq(lite.write_mask),
            control.read_word.eq(lite.read_word),
            lite.read_data.eq(control.read_data),
            self.interrupt.eq(control.interrupt),
        ]

    def _aclk_half(
        self,
        m: Module,
        control: Control,
        resetting: Signal,
        in_fifo: AsyncFIFO,
        out_fifo: AsyncFIFO,
    ) -> None:
        """Join the two AXI streams to the FIFOs, by words and by the flags of each frame."""
        source, sink = self.params.source, self.params.sink
        m.submodules.entry = entry = Skid(9 * source.word_bytes + 1)
        m.submodules.exit = exit_ = Skid(8 * sink.word_bytes + 1)
        intake = Intake(source)
        flags = SyncFIFOBuffered(width=2, depth=FRAMES)
        m.submodules.intake = DomainRenamer("link")(intake)
        m.submodules.flags = DomainRenamer("link")(flags)
        m.submodules.outlet = outlet = Outlet(sink)
        s_axis, m_axis = self.s_axis, self.m_axis
        m.d.comb += [
            entry.i.payload.eq(Cat(s_axis.tdata, s_axis.tkeep, s_axis.tlast)),
            entry.i.valid.eq(s_axis.tvalid),
            s_axis.tready.eq(entry.i.ready),
            intake.i.payload.eq(entry.o.payload),
            intake.i.valid.eq(entry.o.valid & ~resetting),
            entry.o.ready.eq(intake.i.ready | resetting),
            in_fifo.w_data.eq(intake.words.payload),
            in_fifo.w_en.eq(intake.words.valid),
            intake.words.ready.eq(in_fifo.w_rdy),
            flags.w_data.eq(intake.flags.payload),
            flags.w_en.eq(intake.flags.valid),
            intake.flags.ready.eq(flags.w_rdy),
            outlet.hold.eq(resetting),
            outlet.words.payload.eq(out_fifo.r_data),
            outlet.words.valid.eq(out_fifo.r_rdy),
            out_fifo.r_en.eq(outlet.words.ready),
            outlet.flags.payload.eq(flags.r_data),
            outlet.flags.valid.eq(flags.r_rdy),
            flags.r_en.eq(outlet.flags.ready),
            Cat(m_axis.tdata, m_axis.tlast).eq(exit_.o.payload),
            m_axis.tkeep.eq(~0),
            m_axis.tvalid.eq(exit_.o.valid),
            exit_.o.ready.eq(m_axis.tready),
        ]
        connect(m, outlet.o, exit_.i)
        in_flight = Signal(_IN_FLIGHT_BITS)
        m.d.link += in_flight.eq(in_flight + intake.begun - outlet.sent)
        ended = intake.flags.valid & intake.flags.ready & ~resetting
        m.d.comb += [
            control.resetting.eq(resetting),
            control.receiving.eq(intake.receiving),
            control.busy.eq(in_flight != 0),
            control.frame.eq(ended),
            Cat(control.short, control.overlong).eq(intake.flags.payload & ended.replicate(2)),
            control.result.eq(outlet.sent),
        ]

    def _core_half(self, m: Module, in_fifo: AsyncFIFO, out_fifo: AsyncFIFO) -> None:
        """Make beats of words, and words of beats."""
        source, sink = self.params.source, self.params.sink
        unpacking = Gearbox(GearboxParams.to_beats(source))
        packing = Gearbox(GearboxParams.to_words(sink))
        offering = Skid(source.beat.width)
        m.submodules.unpacking = DomainRenamer("core")(unpacking)
        m.submodules.offering = DomainRenamer("core")(offering)
        m.submodules.packing = DomainRenamer("core")(packing)
        m.d.comb += [
            unpacking.i.payload.eq(in_fifo.r_data),
            unpacking.i.valid.eq(in_fifo.r_rdy),
            in_fifo.r_en.eq(unpacking.i.ready),
            offering.i.payload.eq(_to_lanes(unpacking.o.payload, source)),
            offering.i.valid.eq(unpacking.o.valid),
            unpacking.o.ready.eq(offering.i.ready),
            self.source.payload.eq(offering.o.payload),
            self.source.valid.eq(offering.o.valid),
            offering.o.ready.eq(self.source.ready),
            packing.i.payload.eq(_to_bytes(self.sink.payload, sink)),
            packing.i.valid.eq(self.sink.valid),
            self.sink.ready.eq(packing.i.ready),
            out_fifo.w_data.eq(packing.o.payload),
            out_fifo.w_en.eq(packing.o.valid),
            packing.o.ready.eq(out_fifo.w_rdy),
        ]

    def _counters(self, m: Module, control: Control) -> None:
        """Let the core's counters be copied on request."""
        counters = Counters(self.params)
        m.submodules.counters = DomainRenamer("core")(counters)
        m.submodules.capture = FFSynchronizer(control.capture, counters.capture, o_domain="core")
        m.submodules.captured = FFSynchronizer(counters.captured, control.captured, o_domain="sync")
        m.d.comb += [
            counters.source_valid.eq(self.source.valid),
            counters.source_ready.eq(self.source.ready),
            counters.sink_valid.eq(self.sink.valid),
            counters.sink_ready.eq(self.sink.ready),
            control.counters.eq(counters.copies),
        ]


def axis_signature(port: AxiPortParams) -> wiring.Signature:
    """Return an AXI4-Stream of a port's words, as the circuit that gives it sees it."""
    return wiring.Signature(
        {
            "tdata": Out(8 * port.word_bytes),
            "tkeep": Out(port.word_bytes),
            "tlast": Out(1),
            "tvalid": Out(1),
            "tready": In(1),
        }
    )


def _to_lanes(data: Value, port: AxiPortParams) -> Value:
    """Return a beat's payload from its bytes."""
    beat = port.beat
    return Cat(
        data.word_select(lane, 8 * port.element_bytes)[: beat.bits] for lane in range(beat.lanes)
    )


def _to_bytes(payload: Value, port: AxiPortParams) -> Value:
    """Return a beat's bytes from its payload, every element extended by its sign if it has one."""
    beat = port.beat
    filled = 8 * port.element_bytes - beat.bits
    bits: list[Value] = []
    for lane in range(beat.lanes):
        element = payload.word_select(lane, beat.bits)
        sign = element[-1] if beat.signed else Cat(0)
        bits += [element, sign[:1].replicate(filled)]
    return Cat(*bits)
