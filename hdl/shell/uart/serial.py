"""Bits of a serial line: 8 data bits, no parity, 1 stop bit."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


def check_divisor(divisor: Fraction | int) -> None:
    """Raise ValueError unless ``divisor`` leaves room to sample a bit in its middle."""
    if divisor < 8:
        raise ValueError(f"divisor must be at least 8 cycles a bit, not {divisor}")


class _Bits:
    """The cycles of each bit: where they are no whole number, some bits have one more.

    ``last`` is the number of the coming bit's last cycle; ``step``, a list of statements, goes on
    to the bit after it, ``begin`` to the first bit of a byte.
    """

    def __init__(self, divisor: Fraction | int) -> None:
        whole, rest = divmod(Fraction(divisor), 1)
        self.last: Any = Const(whole - 1)
        self.step: list[Any] = []
        self.begin: list[Any] = []
        if rest:
            late = Signal(range(rest.denominator))
            later = late + rest.numerator
            more = later >= rest.denominator
            self.last = Mux(more, whole, whole - 1)
            self.step = [late.eq(Mux(more, later - rest.denominator, later))]
            self.begin = [late.eq(rest.denominator // 2)]


class SerialReceiver(wiring.Component):
    """Turns a serial line into bytes.

    The line passes two flip-flops. A start bit must still be low in its middle; every following
    bit is sampled in its middle, ``divisor`` cycles after the one before (or one more or less,
    where that is no whole number). A byte without a stop bit is dropped, and so is one that is not
    taken before the next is complete.

    Parameters
    ----------
    divisor : Fraction or int
        Clock cycles of one bit, at least 8.

    Attributes
    ----------
    line : in
        Idle high.
    bytes : stream of 8 bits, out
    """

    line: Signal
    bytes: Any

    def __init__(self, divisor: Fraction | int) -> None:
        check_divisor(divisor)
        self.divisor = divisor
        super().__init__({"line": In(1, init=1), "bytes": Out(stream.Signature(8))})

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.line, line, init=1)
        bits = _Bits(self.divisor)
        timer = Signal(range(ceil(self.divisor)))
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
                    m.d.sync += [timer.eq(self.divisor // 2 - 1), *bits.begin]
                    m.next = "START"
            with m.State("START"), m.If(timer == 0):
                m.d.sync += [timer.eq(bits.last), *bits.step]
                m.next = "DATA"
                with m.If(line):
                    m.next = "IDLE"
            with m.State("DATA"), m.If(timer == 0):
                m.d.sync += [
                    timer.eq(bits.last),
                    *bits.step,
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
    divisor : Fraction or int
        Clock cycles of one bit, at least 8.

    Attributes
    ----------
    bytes : stream of 8 bits, in
    line : out
        Idle high, from a register.
    """

    bytes: Any
    line: Signal

    def __init__(self, divisor: Fraction | int) -> None:
        check_divisor(divisor)
        self.divisor = divisor
        super().__init__({"bytes": In(stream.Signature(8)), "line": Out(1, init=1)})

    def elaborate(self, platform: Any) -> Module:
        """Build the circuit."""
        m = Module()
        bits = _Bits(self.divisor)
        timer = Signal(range(ceil(self.divisor)))
        shift = Signal(9, init=0x1FF)
        left = Signal(range(11))
        m.d.sync += self.line.eq(shift[0])
        with m.If(timer != 0):
            m.d.sync += timer.eq(timer - 1)
        with m.Elif(left != 0):
            m.d.sync += [
                timer.eq(bits.last),
                *bits.step,
                left.eq(left - 1),
                shift.eq(Cat(shift[1:], Const(1, 1))),
            ]
        with m.Else():
            m.d.comb += self.bytes.ready.eq(1)
            with m.If(self.bytes.valid):
                m.d.sync += [
                    shift.eq(Cat(Const(0, 1), self.bytes.payload)),
                    timer.eq(bits.last),
                    *bits.step,
                    left.eq(9),
                ]
        return m
