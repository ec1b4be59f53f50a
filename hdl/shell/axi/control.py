"""The registers of ``runtime/registers.py``: what can be read, written and counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ....runtime.registers import (
    CONTROL,
    COUNTER_BITS,
    EVENTS,
    IDENT,
    INTERRUPT,
    REGISTERS,
    STATUS,
    STREAM,
    VERSION,
    Register,
)
from .params import AxiParams

COUNTERS = tuple(entry.name.lower() for entry in REGISTERS if entry.words == 2)
"""The counters of two registers, in the order of their offsets."""

_EVENTS = tuple(field.name for field in EVENTS.fields)


class Control(wiring.Component):
    """Every register, behind a ``Lite``.

    Parameters
    ----------
    params : AxiParams

    Attributes
    ----------
    writing, write_word, write_data, write_mask, read_word : in; read_data : out
        See ``Lite``; ``read_data`` follows ``read_word`` in the same cycle.
    reset : out
        CONTROL.reset.
    capture : out
        Changes when the counters are to be copied.
    captured : in
        Follows ``capture`` when that is done.
    resetting, receiving, busy : in
        STATUS.
    frame, result, short, overlong : in
        Count one in this cycle.
    counters : in
        48 bits for each of ``COUNTERS``, the first in the lowest bits; copied, see ``capture``.
    interrupt : out
    """

    writing: Signal
    write_word: Signal
    write_data: Signal
    write_mask: Signal
    read_word: Signal
    read_data: Signal
    reset: Signal
    capture: Signal
    captured: Signal
    resetting: Signal
    receiving: Signal
    busy: Signal
    frame: Signal
    result: Signal
    short: Signal
    overlong: Signal
    interrupt: Signal
    counters: Signal

    def __init__(self, params: AxiParams) -> None:
        self.params = params
        super().__init__(
            {
                "writing": In(1),
                "write_word": In(6),
                "write_data": In(32),
                "write_mask": In(32),
                "read_word": In(6),
                "read_data": Out(32),
                "reset": Out(1),
                "capture": Out(1),
                "captured": In(1),
                "resetting": In(1),
                "receiving": In(1),
                "busy": In(1),
                "frame": In(1),
                "result": In(1),
                "short": In(1),
                "overlong": In(1),
                "interrupt": Out(1),
                "counters": In(COUNTER_BITS * len(COUNTERS)),
            }
        )

    def elaborate(self, platform: Any) -> Module:
        """Build the registers, and the table's multiplexer."""
        m = Module()
        values = self._constants()
        values[CONTROL.name] = self._control(m)
        values[STATUS.name] = Cat(self.resetting, self.receiving, self.busy)
        values |= self._events(m)
        counted = {
            "FRAMES": self.frame,
            "RESULTS": self.result,
            "SHORT": self.short,
            "OVERLONG": self.overlong,
        }
        for name, event in counted.items():
            count = Signal(32, name=name.lower())
            with m.If(self.resetting):
                m.d.sync += count.eq(0)
            with m.Else():
                m.d.sync += count.eq(count + event)
            values[name] = count
        for place, name in enumerate(COUNTERS):
            values[name.upper()] = self.counters.word_select(place, COUNTER_BITS)
        self._table(m, values)
        return m

    def _constants(self) -> dict[str, Value]:
        params = self.params
        low = STREAM.field("input")
        high = STREAM.field("output")
        stream = params.source.word_bytes << low.low | params.sink.word_bytes << high.low
        numbers = {
            "IDENT": IDENT,
            "VERSION": VERSION,
            "DIGEST_LOW": int.from_bytes(params.digest_bytes[:4], "little"),
            "DIGEST_HIGH": int.from_bytes(params.digest_bytes[4:], "little"),
            "FRAME_BYTES": params.source.frame_bytes,
            "RESULT_BYTES": params.sink.frame_bytes,
            STREAM.name: stream,
        }
        return {name: Const(number, 32) for name, number in numbers.items()}

    def _control(self, m: Module) -> Value:
        """Build CONTROL and return what it reads."""
        reset, capture = CONTROL.field("reset"), CONTROL.field("capture")
        pending = self.capture ^ self.captured
        with m.If(self._written(CONTROL)):
            with m.If(self.write_mask[reset.low]):
                m.d.sync += self.reset.eq(self.write_data[reset.low])
            # What is asked for while a copy is under way is that copy.
            wanted = self.write_mask[capture.low] & self.write_data[capture.low]
            with m.If(wanted & ~pending):
                m.d.sync += self.capture.eq(~self.capture)
        value = Signal(32, name="control")
        m.d.comb += [value[reset.low].eq(self.reset), value[capture.low].eq(pending)]
        return value

    def _events(self, m: Module) -> dict[str, Value]:
        """Build EVENTS, INTERRUPT and the interrupt; return what the two read."""
        width = len(_EVENTS)
        events = Signal(width)
        mask = Signal(width)
        happened = Cat(getattr(self, name) for name in _EVENTS)
        written = self.write_data & self.write_mask
        cleared = Mux(self._written(EVENTS), written[:width], 0)
        # An event in the cycle in which it is cleared stays.
        m.d.sync += [
            events.eq((events & ~cleared) | happened),
            self.interrupt.eq((events & mask).any()),
        ]
        with m.If(self._written(INTERRUPT)):
            m.d.sync += mask.eq((written | (mask & ~self.write_mask))[:width])
        return {EVENTS.name: events, INTERRUPT.name: mask}

    def _written(self, entry: Register) -> Value:
        return self.writing & (self.write_word == entry.offset // 4)

    def _table(self, m: Module, values: Mapping[str, Value]) -> None:
        """Select what ``read_word`` names; everything in the table has a value."""
        with m.Switch(self.read_word):
            for entry in REGISTERS:
                value = values[entry.name]
                for half in range(entry.words):
                    with m.Case(entry.offset // 4 + half):
                        m.d.comb += self.read_data.eq(value[32 * half :])
