"""Pipelined multiplication by stored constants."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value

from .arithmetic import Product
from .pipeline import delay, register

DSP = {"use_dsp": "yes"}
"""Attribute of a register whose product belongs into a multiplier block."""


def multiply(m: Module, plan: Product, a: Value, b: Value, width: int, name: str) -> Value:
    """Return ``a * b`` modulo ``2**width``, ``plan.stages`` cycles later.

    Powers of two and zero, where b is a constant, cost wires (and the plan's registers) only.

    Parameters
    ----------
    m : Module
    plan : Product
        Its widths are those of a and b.
    a, b : Value
        Operands, from registers; b may be a constant.
    width : int
        Bits of the product that are wanted.
    name : str
        Prefix of the registers.
    """
    if isinstance(b, Const) and abs(b.value) & (abs(b.value) - 1) == 0:
        factor = abs(b.value)
        shifted = a << (factor.bit_length() - 1) if factor else Const(0)
        return delay(m, -shifted if b.value < 0 else shifted, plan.stages, f"{name}_shifted")
    if plan.trivial:
        return Mux(b, a, 0)
    if plan.style == "dsp":
        return _by_blocks(m, plan, a, b, width, name)
    return _by_rows(m, plan, a, b, width, name)


def _cut(value: Value, width: int) -> Value:
    """Return the lowest ``width`` bits as two's complement; a narrower value stays as it is."""
    return value[:width].as_signed() if len(value) > width else value


def _by_blocks(m: Module, plan: Product, a: Value, b: Value, width: int, name: str) -> Value:
    """Return the sum of products with chunks of b that fit a multiplier block."""
    step = plan.chunk
    parts: list[Value] = []
    for index in range(plan.chunks):
        top = index == plan.chunks - 1
        chunk = b[index * step :] if top else b[index * step : (index + 1) * step]
        if top and plan.b_signed:
            chunk = chunk.as_signed()
        product = a * chunk
        held = Signal(product.shape(), name=f"{name}_product{index}", reset_less=True, attrs=DSP)
        m.d.sync += held.eq(product)
        parts.append(_cut(held, max(1, width - index * step)))
    if plan.chunks == 1:
        return parts[0]
    total = parts[0]
    for index, part in enumerate(parts[1:], start=1):
        total = _cut(_add_shifted(total, part, index * step), width)
    return register(m, total, f"{name}_product")


def _add_shifted(low: Value, high: Value, shift: int) -> Value:
    """Return ``low + (high << shift)``; the lowest ``shift`` bits need no adder."""
    if len(low) <= shift:
        low = low + Const(0, Shape(shift + 1, low.shape().signed))
    rest = low[shift:].as_signed() if low.shape().signed else low[shift:]
    total = rest + high
    joined = Cat(low[:shift], total)
    return joined.as_signed() if total.shape().signed else joined


def _by_rows(m: Module, plan: Product, a: Value, b: Value, width: int, name: str) -> Value:
    """Return the sum of one row for every two bits of b, in a registered tree of adders."""
    bits = plan.b_bits
    terms: list[Value] = []
    for low in range(0, bits, 2):
        row = Mux(b[low], a, 0)
        if low + 1 < bits:
            upper = Mux(b[low + 1], a, 0) << 1
            negative = plan.b_signed and low + 1 == bits - 1
            row = row - upper if negative else row + upper
        elif plan.b_signed:
            row = -row
        terms.append(_cut(row, max(1, width - low)))
    shift, level = 2, 1
    while True:
        if level % 2 == 0 or len(terms) == 1:
            terms = [
                register(m, term, f"{name}_sum{level}_{index}") for index, term in enumerate(terms)
            ]
        if len(terms) == 1:
            return _cut(terms[0], width)
        paired = [
            _cut(
                _add_shifted(terms[index], terms[index + 1], shift),
                max(1, width - index * shift),
            )
            for index in range(0, len(terms) - 1, 2)
        ]
        terms = paired + ([terms[-1]] if len(terms) % 2 else [])
        shift, level = shift * 2, level + 1
