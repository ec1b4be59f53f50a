"""The circuit of an adder network whose sums are computed digit by digit, the lowest first.

Every value is a stream of digits, one a cycle; an adder is as wide as a digit and keeps its carry
for the next one (Hartley and Parhi, "Digit-Serial Computation", 1995).
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value

from .cells import Cells


def digit_network(
    m: Module, cells: Cells, inputs: Sequence[Value], more: Value, name: str
) -> list[Value]:
    """Return the digits of a network's taps, ``cells.depth`` cycles after those of its inputs.

    Parameters
    ----------
    m : Module
    cells : Cells
        Of two operands each where digits have more than one bit.
    inputs : values
        A digit of every input.
    more : Value
        Whether the digits are not the last ones of their sums; 0 where there are none.
    name : str
        Prefix of the signals.
    """
    # The other way round, as it clears registers; it is 1 after reset.
    clears = [~more]
    for stage in range(cells.depth):
        later = Signal(name=f"{name}_clear_{stage + 1}", init=1)
        m.d.sync += later.eq(clears[-1])
        clears.append(later)
    stages = _Stages(m, cells, inputs, clears, name)
    return [stages.tap(number) for number in range(len(cells.plan.network.taps))]


class _Stages:
    """Streams of digits of all values, each in the stages in which it is read."""

    def __init__(
        self, m: Module, cells: Cells, inputs: Sequence[Value], clears: list[Value], name: str
    ) -> None:
        self.m, self.cells, self.clears, self.name = m, cells, clears, name
        self.plan = cells.plan
        self.stages = cells.stages
        self.direct = dict(enumerate(inputs))
        self.held: dict[int, list[Value]] = {}
        self.earlier: dict[tuple[int, int, int], Value] = {}
        for number, value in enumerate(inputs):
            self._hold(number, value)
        for number, operands in cells.operands.items():
            stage = self.stages[number]
            parts = [self._shifted(part.value, stage - 1, part.shift) for part in operands]
            negative = [part.negative for part in operands]
            self.direct[number] = total = self._sum(parts, negative, stage - 1, str(number))
            if number in cells.last_use:
                register = Signal(len(total), name=f"{name}_{number}", reset_less=True)
                m.d.sync += register.eq(total)
                self._hold(number, register)

    def tap(self, number: int) -> Value:
        """Return the digits of an output in the last stage."""
        tap = self.plan.network.taps[number]
        bits = len(self.direct[0])
        if tap.value is None:
            return Const(0, bits)
        value = self._shifted(tap.value, self.cells.depth, tap.shift)
        if not tap.negative:
            return value
        zero = Const(0, bits)
        return self._sum([zero, value], [False, True], self.cells.depth, f"tap_{number}")

    def _hold(self, number: int, value: Value) -> None:
        registers = [value]
        for stage in range(self.stages[number], self.cells.last_use.get(number, 0)):
            name = f"{self.name}_{number}_{stage + 1}"
            registers.append(waiting(self.m, registers[-1], 1, name))
        self.held[number] = registers

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
            with self.m.If(self.clears[stage]):
                self.m.d.sync += earlier.eq(0)
            with self.m.Else():
                self.m.d.sync += earlier.eq(Cat(earlier, value)[len(value) :])
            self.earlier[key] = Cat(earlier, value)[: len(value)]
        return self.earlier[key]

    def _sum(self, parts: list[Value], negative: list[bool], stage: int, name: str) -> Value:
        """Return a digit of a sum whose operands are in ``stage``; the first one is added."""
        bits, name = len(parts[0]), f"{self.name}_{name}"
        wide = len(parts) > 2
        # What is subtracted is inverted and 1 added, which is carried in.
        first = sum(negative)
        carry = Signal(2 if wide else 1, name=f"{name}_carry", init=first, reset_less=True)
        if bits == 1:
            parts = [~part if minus else part for part, minus in zip(parts, negative, strict=True)]
            total = _bits(parts, carry)
        else:
            total = self._digit(parts, negative[1], carry, name)
        with self.m.If(self.clears[stage]):
            self.m.d.sync += carry.eq(first)
        with self.m.Else():
            self.m.d.sync += carry.eq(total[bits:])
        return total[:bits]

    def _digit(self, parts: list[Value], subtract: bool, carry: Value, name: str) -> Value:
        """Return the sum or difference of two digits and a carry, with what is carried on."""
        a, b = parts
        total = Signal(len(a) + 1, name=f"{name}_sum", attrs={"keep": 1})
        if subtract:
            # A carry of 0 is borrowed by a bit below; ``a + ~b + carry`` costs inverters on Xilinx,
            # where Yosys takes ~b for the operand that goes past the look-up tables.
            value = (Cat(Const(0, 1), a, Const(1, 1)) - Cat(~carry, b))[1:]
        else:
            value = a + b + carry
        self.m.d.comb += total.eq(value)
        return total


def waiting(m: Module, value: Value, cycles: int, name: str) -> Value:
    """Return digits some cycles later, from flip-flops.

    They are reset, so that they do not become shift registers in LUTs, of which there are fewer:
    few digits wait for more than some cycles.
    """
    for cycle in range(1, cycles + 1):
        later = Signal(len(value), name=f"{name}_{cycle}")
        m.d.sync += later.eq(value)
        value = later
    return value


def _bits(parts: list[Value], carry: Signal) -> Value:
    """Return a bit of a sum of two to four, and its carry: look-up tables, no carry chain."""
    if len(parts) == 2:
        return Cat(*_full_adder(parts[0], parts[1], carry))
    a, b, c, d = [*parts, Const(0, 1)][:4]
    inner, first = _full_adder(a, b, c)
    total, second = _full_adder(inner, d, carry[0])
    return Cat(total, *_full_adder(first, second, carry[1]))


def _full_adder(a: Value, b: Value, c: Value) -> tuple[Value, Value]:
    return a ^ b ^ c, (a & b) | (c & (a | b))
