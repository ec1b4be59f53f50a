"""What the core's clock counts, and the copies of it that other clocks may read."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ....runtime.registers import COUNTER_BITS
from .control import COUNTERS
from .params import AxiParams

_IN_FLIGHT_BITS = 16


class Counters(wiring.Component):
    """The counters of two registers, in the domain of the core.

    Parameters
    ----------
    params : AxiParams

    Attributes
    ----------
    source_valid, source_ready, sink_valid, sink_ready : in
        The core's streams, watched.
    capture : in
        Level, of this domain; when it differs from ``captured``, all counters are copied.
    captured : out
        Follows ``capture``.
    copies : out
        48 bits a counter, in the order of ``COUNTERS``; they change only when ``captured`` does.
    """

    source_valid: Signal
    source_ready: Signal
    sink_valid: Signal
    sink_ready: Signal
    capture: Signal
    captured: Signal
    copies: Signal

    def __init__(self, params: AxiParams) -> None:
        self.params = params
        super().__init__(
            {
                "source_valid": In(1),
                "source_ready": In(1),
                "sink_valid": In(1),
                "sink_ready": In(1),
                "capture": In(1),
                "captured": Out(1),
                "copies": Out(COUNTER_BITS * len(COUNTERS)),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        # Everything is counted a cycle late: the counters hang on no stream's handshake.
        valid_in, ready_in, valid_out, ready_out = (Signal(name=n) for n in _WATCHED)
        m.d.sync += [
            valid_in.eq(self.source_valid),
            ready_in.eq(self.source_ready),
            valid_out.eq(self.sink_valid),
            ready_out.eq(self.sink_ready),
        ]
        first, _ = self._frames(m, valid_in & ready_in, self.params.source.beats, "in")
        _, last = self._frames(m, valid_out & ready_out, self.params.sink.beats, "out")
        in_flight = Signal(_IN_FLIGHT_BITS)
        started = Signal()
        m.d.sync += [in_flight.eq(in_flight + first - last), started.eq(started | first)]

        counts = {name: Signal(COUNTER_BITS, name=name) for name in COUNTERS}
        for name, event in (
            ("cycles", 1),
            ("stalls", valid_out & ~ready_out),
            ("starved", ready_in & ~valid_in),
        ):
            m.d.sync += counts[name].eq(counts[name] + event)
        # SPAN and BUSY run on, and count when a result ends.
        running = Signal(COUNTER_BITS)
        occupied = Signal(COUNTER_BITS)
        now, used = Signal(COUNTER_BITS), Signal(COUNTER_BITS)
        m.d.comb += [
            now.eq(running + (started | first)),
            used.eq(occupied + ((in_flight != 0) | first)),
        ]
        m.d.sync += [running.eq(now), occupied.eq(used)]
        with m.If(last):
            m.d.sync += [counts["span"].eq(now), counts["busy"].eq(used)]

        with m.If(self.capture != self.captured):
            m.d.sync += [self.captured.eq(self.capture), self.copies.eq(Cat(*counts.values()))]
        return m

    def _frames(self, m: Module, moved: Any, beats: int, name: str) -> tuple[Signal, Signal]:
        """Count beats; return whether the first and the last of a frame pass."""
        index = Signal(range(beats), name=f"{name}_index")
        first, last = Signal(name=f"{name}_first"), Signal(name=f"{name}_last")
        m.d.comb += [first.eq(moved & (index == 0)), last.eq(moved & (index == beats - 1))]
        with m.If(last):
            m.d.sync += index.eq(0)
        with m.Elif(moved):
            m.d.sync += index.eq(index + 1)
        return first, last


_WATCHED = ("source_valid_then", "source_ready_then", "sink_valid_then", "sink_ready_then")
