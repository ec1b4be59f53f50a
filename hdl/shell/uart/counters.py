"""What a session has counted, and the payload of INFO."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ....runtime.protocol import INFO_BYTES, VERSION, Info
from .params import ShellParams
from .ticks import TICK_BITS

_COUNTERS = ("frames", "rejected")
_COUNTER_BITS = 32
_FIXED_BYTES = INFO_BYTES - 24  # the counters are the last fields of INFO


class Counters(wiring.Component):
    """Counts events and shows them as the bytes of ``runtime.protocol.Info``.

    Parameters
    ----------
    params : ShellParams
        The shell that it describes.

    Attributes
    ----------
    frame, reject : in
        Count one in this cycle.
    cycles, stalls : in (48 bits)
        See ``Ticks``.
    capture : in
        Take a copy of both counters, so that INFO's bytes belong together.
    index : in (6 bits); data : out (8 bits)
        A byte of INFO's payload, one cycle later.
    """

    frame: Signal
    reject: Signal
    cycles: Signal
    stalls: Signal
    capture: Signal
    index: Signal
    data: Signal

    def __init__(self, params: ShellParams) -> None:
        self.params = params
        super().__init__(
            {
                "frame": In(1),
                "reject": In(1),
                "cycles": In(TICK_BITS),
                "stalls": In(TICK_BITS),
                "capture": In(1),
                "index": In(6),
                "data": Out(8),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        params = self.params
        fixed = Info(
            digest=params.digest_bytes,
            version=VERSION,
            window=params.source.slots,
            frame_bytes=params.source.frame_bytes,
            result_bytes=params.sink.frame_bytes,
            kept=params.sink.slots,
        ).pack()[:_FIXED_BYTES]
        fields: list[Any] = [Const(byte, 8) for byte in fixed]
        # Counted a cycle late: what makes the events need not reach into the counters.
        events = Signal(len(_COUNTERS))
        m.d.sync += events.eq(Cat(self.frame, self.reject))
        for name, event in zip(_COUNTERS, events, strict=True):
            count = Signal(_COUNTER_BITS, name=name)
            copy = Signal(_COUNTER_BITS, name=f"{name}_copy")
            m.d.sync += count.eq(count + event)
            with m.If(self.capture):
                m.d.sync += copy.eq(count)
            fields += [copy[i : i + 8] for i in range(0, _COUNTER_BITS, 8)]
        for ticks in (self.cycles, self.stalls):
            whole = Cat(ticks, Const(0, 64 - TICK_BITS))
            fields += [whole[i : i + 8] for i in range(0, 64, 8)]
        m.d.sync += self.data.eq(Array(fields)[self.index])
        return m
