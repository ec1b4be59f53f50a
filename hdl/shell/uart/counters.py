"""What a session has counted, and the payload of INFO."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ....runtime.protocol import INFO_BYTES, VERSION, Info
from .params import ShellParams

_COUNTERS = {"frames": 32, "rejected": 32, "cycles": 48, "stalls": 48}
_FIXED_BYTES = INFO_BYTES - 24  # the counters are the last fields of INFO


class Counters(wiring.Component):
    """Counts events and shows them as the bytes of ``runtime.protocol.Info``.

    Cycles and stalls have 48 bits.

    Parameters
    ----------
    params : ShellParams
        The shell that it describes.

    Attributes
    ----------
    frame, reject, cycle, stall : in
        Count one in this cycle.
    capture : in
        Take a copy of all counters, so that INFO's bytes belong together.
    index : in (6 bits); data : out (8 bits)
        A byte of INFO's payload, one cycle later.
    """

    frame: Signal
    reject: Signal
    cycle: Signal
    stall: Signal
    capture: Signal
    index: Signal
    data: Signal

    def __init__(self, params: ShellParams) -> None:
        self.params = params
        super().__init__(
            {
                "frame": In(1),
                "reject": In(1),
                "cycle": In(1),
                "stall": In(1),
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
        m.d.sync += events.eq(Cat(self.frame, self.reject, self.cycle, self.stall))
        for (name, bits), event in zip(_COUNTERS.items(), events, strict=True):
            count = Signal(bits, name=name)
            copy = Signal(bits, name=f"{name}_copy")
            m.d.sync += count.eq(count + event)
            with m.If(self.capture):
                m.d.sync += copy.eq(count)
            size = 4 if bits == 32 else 8
            whole = Cat(copy, Const(0, size * 8 - bits)) if size * 8 > bits else copy
            fields += [whole[i * 8 : i * 8 + 8] for i in range(size)]
        m.d.sync += self.data.eq(Array(fields)[self.index])
        return m
