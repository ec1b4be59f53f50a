"""Reading of whole inputs digit by digit."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ...runtime.numerics import clog2
from ..pipeline import delay_valid


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
