"""Bits of a serial line: 8 data bits, no parity, 1 stop bit."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


def check_divisor(divisor: int) -> None:
    """Raise ValueError unless ``divisor`` leaves room to sample a bit in its middle."""
    if divisor < 8:
        raise ValueError(f"divisor must be at least 8 cycles a bit, not {divisor}")


class SerialReceiver(wiring.Component):
    """Turns a serial line into bytes.

    The line passes two flip-flops. A start bit must still be low in its middle; every following
    bit is sampled in its middle, ``divisor`` cycles after the one before. A byte without a stop
    bit is dropped, and so is one that is not taken before the next is complete.

    Parameters
    ----------
    divisor : int
        Clock cycles of one bit, at least 8.

    Attributes
    ----------
    line : in
        Idle high.
    bytes : stream of 8 bits, out
    """

    line: Signal
    bytes: Any

    def __init__(self, divisor: int) -> None:
        check_divisor(divisor)
        self.divisor = divisor
        super().__init__({"line": In(1, init=1), "bytes": Out(stream.Signature(8))})

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.line, line, init=1)
        timer = Signal(range(self.divisor))
        bit = Signal(range(9))
        shift = Signal(8)
        with m.If(self.bytes.ready):
            m.d.sync += self.bytes.valid.eq(0)
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += bit.eq(0)
                with m.If(~line):
                    m.d.sync += timer.eq(self.divisor // 2 - 1)
                    m.next = "START"
            with m.State("START"), m.If(timer == 0):
                m.d.sync += timer.eq(self.divisor - 1)
                m.next = "DATA"
                with m.If(line):
                    m.next = "IDLE"
            with m.State("DATA"), m.If(timer == 0):
                m.d.sync += [
                    timer.eq(self.divisor - 1),
                    bit.eq(bit + 1),
                    shift.eq(Cat(shift[1:], line)),
                ]
                with m.If(bit == 7):
                    m.next = "STOP"
            with m.State("STOP"), m.If(timer == 0):
                with m.If(line):
                    m.d.sync += [self.bytes.payload.eq(shift), self.bytes.valid.eq(1)]
                    m.next = "IDLE"
                with m.Else():
                    m.next = "BREAK"
            with m.State("BREAK"), m.If(line):
                m.next = "IDLE"
        return m


class SerialTransmitter(wiring.Component):
    """Turns bytes into a serial line, 10 bits a byte.

    Parameters
    ----------
    divisor : int
        Clock cycles of one bit, at least 8.

    Attributes
    ----------
    bytes : stream of 8 bits, in
    line : out
        Idle high, from a register.
    """

    bytes: Any
    line: Signal

    def __init__(self, divisor: int) -> None:
        check_divisor(divisor)
        self.divisor = divisor
        super().__init__({"bytes": In(stream.Signature(8)), "line": Out(1, init=1)})

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        timer = Signal(range(self.divisor))
        shift = Signal(9, init=0x1FF)
        left = Signal(range(11))
        m.d.sync += self.line.eq(shift[0])
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(left != 0):
            m.d.sync += [
                timer.eq(self.divisor - 1),
                left.eq(left - 1),
                shift.eq(Cat(shift[1:], Const(1, 1))),
            ]
        with m.Else():
            m.d.comb += self.bytes.ready.eq(1)
            with m.If(self.bytes.valid):
                m.d.sync += [
                    shift.eq(Cat(Const(0, 1), self.bytes.payload)),
                    timer.eq(self.divisor - 1),
                    left.eq(9),
                ]
        return m
