"""Reading of whole inputs digit by digit, and of a pixel that arrives in planes of its digits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ...runtime.numerics import clog2
from ..pipeline import counter, delay_valid
from .params import UnrolledParams
from .serial import waiting
from .steps import first_step
from .window import count_steps, window_place


def read_digits(
    m: Module, inputs: Sequence[Value], digit: int, digits: int, early: Value
) -> tuple[list[Value], Value]:
    """Read whole inputs, the lowest digit first.

    Parameters
    ----------
    m : Module
    inputs : values
        They hold still while they are read.
    digit, digits : int
        Bits of a digit, and digits of a sum.
    early : Value
        High in the cycle before the inputs are read for the first time; they are then read for
        ``digits`` cycles.

    Returns
    -------
    list of Value
        A digit of every input, from the second cycle after ``early`` on.
    more : Value
        Whether they are not the last ones; 0 where there are none.
    """
    walk = _Walk(m, early, -(-len(inputs[0]) // digit), digits)
    return [walk.digit(x, digit) for x in inputs], walk.more


class _Walk:
    """Which digit is read now.

    Attributes
    ----------
    more : Value
        High a cycle after a digit was read that is not a sum's last one.
    """

    def __init__(self, m: Module, early: Value, inside: int, digits: int) -> None:
        self.m = m
        self.count = min(inside, digits)
        self.place = Signal(range(digits + 1), name="digit_place")
        self.within: Value = Const(1, 1)
        self.more: Value = Const(0, 1)
        if digits == 1:
            return
        going, last = Signal(name="digits_going"), self.place == digits - 1
        m.d.sync += [
            going.eq(early | (going & ~last)),
            self.place.eq(Mux(early, 0, self.place + 1)),
        ]
        self.more = delay_valid(m, going & ~last, 1)
        if inside < digits:
            within = Signal(name="digit_within")
            m.d.sync += within.eq(early | (within & (self.place != inside - 1)))
            self.within = within

    def digit(self, value: Value, bits: int) -> Value:
        """Return the digit of a value that is read now, a cycle later."""
        sign = value[-1] if value.shape().signed else Const(0, 1)
        code = value.as_unsigned() if value.shape().signed else value
        whole = Cat(code, sign.replicate(max(0, bits * self.count - len(code))))
        parts = [whole[k * bits : (k + 1) * bits] for k in range(self.count)]
        inside = _select(parts, self.place[: clog2(self.count)])
        read = Signal(bits, name="digit", reset_less=True)
        self.m.d.sync += read.eq(Mux(self.within, inside, sign.replicate(bits)))
        return read


def _select(values: Sequence[Value], place: Value) -> Value:
    """Return ``values[place]`` through a binary tree of multiplexers."""
    parts = list(values)
    for bit in place:
        pairs = [parts[k : k + 2] for k in range(0, len(parts), 2)]
        parts = [Mux(bit, *pair[::-1]) if len(pair) == 2 else pair[0] for pair in pairs]
    return parts[0]


def read_planes(
    m: Module, params: UnrolledParams, port: Value, space: Value
) -> tuple[Signal, list[Value], Value]:
    """Take a frame whose windows are single pixels, and read their digits.

    A *plane* is one digit of all channels. Every plane comes a cycle later than the one below it,
    through shift registers of its own, and is copied in the one cycle in which its digits are read,
    to registers that are 0 in all others: a sum of bits then does for a selection, and no pixel is
    held while beats of the next one arrive.

    Parameters
    ----------
    m : Module
    params : UnrolledParams
        ``planes`` is more than 0.
    port : stream of ``window.beat``
    space : Value
        From a register: whether the results of another pixel have space.

    Returns
    -------
    emit : Signal
        High in the cycle of the last beat of a pixel whose sums are computed.
    digits : list of Value
        A digit of every channel, from the third cycle after ``emit`` on.
    more : Value
        Whether they are not the last ones; 0 where there are none.
    """
    window, digit = params.window, params.digit
    emits, taken, emit = Signal(init=first_step(window) == 0), Signal(), Signal()
    step = Signal()
    _, beat_last = counter(m, taken, window.channels // window.beat.lanes, "beat")
    idle, more = _busy(m, params, emit)
    m.d.comb += [
        port.ready.eq(~beat_last | ~emits | (idle & space)),
        taken.eq(port.valid & port.ready),
        step.eq(taken & beat_last),
        emit.eq(step & emits),
    ]
    count_steps(m, params, step, window_place(m, params, emit), emits, Signal())
    # Low in the one cycle in which a plane is complete.
    closed: Value = ~emit
    arrives: Value = taken
    parts: list[list[Value]] = [[] for _ in range(window.channels)]
    for plane in range(params.planes):
        low, high = plane * digit, min((plane + 1) * digit, window.beat.bits)
        beat = Cat(
            port.payload[lane * window.beat.bits + low : lane * window.beat.bits + high]
            for lane in range(window.beat.lanes)
        )
        beat = waiting(m, beat, plane, f"plane_{plane}")
        closed = _delayed(m, closed, f"closed_{plane}")
        pixel = Signal((high - low) * window.channels, name=f"pixel_{plane}", reset_less=True)
        with m.If(arrives):
            m.d.sync += pixel.eq(Cat(pixel, beat)[len(beat) :])
        open_plane = Signal.like(pixel, name=f"open_{plane}", reset_less=True)
        with m.If(closed):
            m.d.sync += open_plane.eq(0)
        with m.Else():
            m.d.sync += open_plane.eq(pixel)
        arrives = delay_valid(m, arrives, 1)
        for channel, part in enumerate(parts):
            part.append(open_plane[channel * (high - low) : (channel + 1) * (high - low)])
    if window.beat.signed:
        _extend(m, params, parts, _delayed(m, closed, "closed_sign"), more)
    digits: list[Value] = []
    for part in parts:
        read = Signal(digit, name="digit", reset_less=True)
        m.d.sync += read.eq(reduce(or_, part))
        digits.append(read)
    return emit, digits, delay_valid(m, more, 2)


def _busy(m: Module, params: UnrolledParams, emit: Value) -> tuple[Value, Value]:
    """Return whether another pixel may be taken, and whether more digits follow.

    The latter is high from the cycle after ``emit`` on, for a cycle less than there are digits.
    """
    duration, digits = params.duration, params.digits
    if duration == 1:
        return Const(1, 1), Const(0, 1)
    left = Signal(range(duration), name="left")
    idle, more = Signal(name="idle", init=1), Signal(name="more")
    m.d.sync += [
        left.eq(Mux(emit, duration - 1, left - 1)),
        idle.eq(~emit & (idle | (left == 1))),
    ]
    if digits > 1:
        m.d.sync += more.eq(emit | (more & (left != duration - digits + 1)))
    return idle, more


def _delayed(m: Module, closed: Value, name: str) -> Value:
    """Return a bit that is 1 after reset, a cycle later."""
    later = Signal(name=name, init=1)
    m.d.sync += later.eq(closed)
    return later


def _extend(
    m: Module, params: UnrolledParams, parts: list[list[Value]], closed: Value, more: Value
) -> None:
    """Extend what is read of signed channels: from the highest plane on every bit is the sign."""
    held = delay_valid(m, more, 1)
    for part in parts:
        top = part[-1]
        sign = top[-1]
        part[-1] = Cat(top, sign.replicate(params.digit - len(top)))
        if params.planes < params.digits:
            later = Signal(name="sign", reset_less=True)
            with m.If(~closed):
                m.d.sync += later.eq(sign)
            with m.Elif(~held):
                m.d.sync += later.eq(0)
            part.append(later.replicate(params.digit))
