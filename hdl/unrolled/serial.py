"""The circuit of an adder network whose sums are computed digit by digit, the lowest first.

Every value is a stream of digits, one a cycle; an adder is as wide as a digit and keeps its carry
for the next one (Hartley and Parhi, "Digit-Serial Computation", 1995).
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ...runtime.numerics import clog2
from ..pipeline import delay_valid
from .pipeline import Pipeline


def serial_network(
    m: Module,
    plan: Pipeline,
    inputs: Sequence[Value],
    digit: int,
    digits: int,
    early: Value,
    name: str,
) -> list[Value]:
    """Return the taps of a network, whole again, ``plan.depth + digits + 1`` cycles later.

    Parameters
    ----------
    m : Module
    plan : Pipeline
    inputs : values
        Within ``plan.low … plan.high``; they hold still while they are read.
    digit, digits : int
        Bits of a digit, and digits of a sum.
    early : Value
        High in the cycle before the inputs are read for the first time; they are then read for
        ``digits`` cycles, from which the latency counts.
    name : str
        Prefix of the signals.

    Returns
    -------
    list of Value
        Two's complement, ``digit * digits`` bits; they stay for a single cycle.
    """
    walk = _Walk(m, early, -(-len(inputs[0]) // digit), digits)
    read = [walk.digit(x, digit) for x in inputs]
    results: list[Value] = []
    for number, last in enumerate(digit_network(m, plan, read, walk.more, name)):
        whole = Signal(digit * digits, name=f"{name}_whole_{number}", reset_less=True)
        m.d.sync += whole.eq(Cat(whole, last)[digit:])
        results.append(whole.as_signed())
    return results


def digit_network(
    m: Module, plan: Pipeline, inputs: Sequence[Value], more: Value, name: str
) -> list[Value]:
    """Return the digits of a network's taps, ``plan.depth`` cycles after those of its inputs.

    Parameters
    ----------
    m : Module
    plan : Pipeline
    inputs : values
        A digit of every input.
    more : Value
        Whether the digits are not the last ones of their sums; 0 where there are none.
    name : str
        Prefix of the signals.
    """
    running = [more]
    for _ in range(plan.depth):
        running.append(delay_valid(m, running[-1], 1))
    stages = _Stages(m, plan, inputs, running, name)
    return [stages.tap(number) for number in range(len(plan.network.taps))]


class _Walk:
    """The reading of inputs: which digit is read now.

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


class _Stages:
    """Streams of digits of all values, each in the stages in which it is read."""

    def __init__(
        self, m: Module, plan: Pipeline, inputs: Sequence[Value], running: list[Value], name: str
    ) -> None:
        self.m, self.plan, self.running, self.name = m, plan, running, name
        self.stages = plan.stages.tolist()
        self.direct: list[Value] = []
        self.held: list[list[Value]] = []
        self.earlier: dict[tuple[int, int, int], Value] = {}
        for number, value in enumerate(inputs):
            self.direct.append(value)
            self._hold(number, value)
        network = plan.network
        for offset, adder in enumerate(network.adders):
            number = network.inputs + offset
            stage = self.stages[number]
            first = self._shifted(adder.a, stage - 1, adder.a_shift)
            second = self._shifted(adder.b, stage - 1, adder.b_shift)
            total = self._add(first, second, adder.subtract, stage - 1, str(number))
            self.direct.append(total)
            if plan.registered[number]:
                register = Signal(len(total), name=f"{name}_{number}", reset_less=True)
                m.d.sync += register.eq(total)
                self._hold(number, register)
            else:
                self.held.append([])

    def tap(self, number: int) -> Value:
        """Return the digits of an output in the last stage."""
        tap = self.plan.network.taps[number]
        bits = len(self.direct[0])
        if tap.value is None:
            return Const(0, bits)
        value = self._shifted(tap.value, self.plan.depth, tap.shift)
        if not tap.negative:
            return value
        return self._add(Const(0, bits), value, True, self.plan.depth, f"tap_{number}")

    def _hold(self, number: int, value: Value) -> None:
        registers = [value]
        for stage in range(self.stages[number], int(self.plan.last_use[number])):
            name = f"{self.name}_{number}_{stage + 1}"
            register = Signal(len(value), name=name, reset_less=True)
            self.m.d.sync += register.eq(registers[-1])
            registers.append(register)
        self.held.append(registers)

    def _shifted(self, number: int, stage: int, shift: int) -> Value:
        """Return a value's digits in a stage, ``shift`` bits later: the first ones are 0."""
        own = self.stages[number]
        # An adder of the stage that is being computed is not in a register yet.
        value = self.direct[number] if own > stage else self.held[number][stage - own]
        if not shift:
            return value
        key = (number, stage, shift)
        if key not in self.earlier:
            earlier = Signal(shift, name=f"{self.name}_{number}_earlier", reset_less=True)
            with self.m.If(self.running[stage]):
                self.m.d.sync += earlier.eq(Cat(earlier, value)[len(value) :])
            with self.m.Else():
                self.m.d.sync += earlier.eq(0)
            self.earlier[key] = Cat(earlier, value)[: len(value)]
        return self.earlier[key]

    def _add(self, a: Value, b: Value, subtract: bool, stage: int, name: str) -> Value:
        """Return a digit of a sum or difference whose operands are in ``stage``."""
        m, bits = self.m, len(a)
        carry = Signal(name=f"{self.name}_{name}_carry", init=int(subtract), reset_less=True)
        name = f"{self.name}_{name}_sum"
        total = Signal(bits + 1, name=name, attrs={"keep": 1} if bits > 1 else None)
        if bits == 1:
            # Two look-up tables; a carry chain of one bit would take more.
            b = ~b if subtract else b
            m.d.comb += total.eq(Cat(a ^ b ^ carry, (a & b) | (carry & (a | b))))
        elif subtract:
            # A carry of 0 is borrowed by a bit below; ``a + ~b + carry`` costs inverters on Xilinx,
            # where Yosys takes ~b for the operand that goes past the look-up tables.
            m.d.comb += total.eq((Cat(Const(0, 1), a, Const(1, 1)) - Cat(~carry, b))[1:])
        else:
            m.d.comb += total.eq(a + b + carry)
        with m.If(self.running[stage]):
            m.d.sync += carry.eq(total[bits])
        with m.Else():
            m.d.sync += carry.eq(int(subtract))
        return total[:bits]
