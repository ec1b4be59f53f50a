"""The circuit of an adder network."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value

from .pipeline import Pipeline


def adder_network(m: Module, plan: Pipeline, inputs: Sequence[Value], name: str) -> list[Value]:
    """Return the taps of a network, ``plan.depth`` cycles after its inputs.

    Every adder has exactly the bits that its value can take. Sums are kept apart, so that Yosys
    does not merge chains of adders into larger cells.

    Parameters
    ----------
    m : Module
    plan : Pipeline
    inputs : values
        Within ``plan.low … plan.high``.
    name : str
        Prefix of the signals.
    """
    network = plan.network
    low, _ = network.ranges(plan.low, plan.high)
    shapes = [
        Shape(int(width), signed=int(least) < 0)
        for width, least in zip(plan.widths, low, strict=True)
    ]
    stages, last = plan.stages.tolist(), plan.last_use.tolist()
    registered = plan.registered.tolist()
    #: Per value: what it is before its own register, and its registers from its stage on.
    direct: list[Value] = []
    held: list[list[Value]] = []

    def hold(number: int, value: Value) -> None:
        registers = [value]
        for stage in range(stages[number], last[number]):
            register = Signal(shapes[number], name=f"{name}_{number}_{stage + 1}", reset_less=True)
            m.d.sync += register.eq(registers[-1])
            registers.append(register)
        held.append(registers)

    for number, value in enumerate(inputs):
        direct.append(value)
        hold(number, value)

    def operand(number: int, stage: int) -> Value:
        if stages[number] == stage and number >= network.inputs:
            return direct[number]
        return held[number][stage - 1 - stages[number]]

    for offset, adder in enumerate(network.adders):
        number = network.inputs + offset
        stage = stages[number]
        first = _shifted(operand(adder.a, stage), adder.a_shift)
        second = _shifted(operand(adder.b, stage), adder.b_shift)
        total = Signal(shapes[number], name=f"{name}_{number}_sum", attrs={"keep": 1})
        m.d.comb += total.eq(first - second if adder.subtract else first + second)
        direct.append(total)
        if registered[number]:
            register = Signal(shapes[number], name=f"{name}_{number}", reset_less=True)
            m.d.sync += register.eq(total)
            hold(number, register)
        else:
            held.append([])
    results: list[Value] = []
    for tap in network.taps:
        if tap.value is None:
            results.append(Const(0, 1))
            continue
        value = _shifted(held[tap.value][plan.depth - stages[tap.value]], tap.shift)
        results.append(-value if tap.negative else value)
    return results


def _shifted(value: Value, shift: int) -> Value:
    if not shift:
        return value
    wide = Cat(Const(0, shift), value)
    return wide.as_signed() if value.shape().signed else wide
