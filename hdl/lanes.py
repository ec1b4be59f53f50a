"""The circuit of a dot product (``hdl/dot.py``)."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Signal, Value

from .dot import DotProduct
from .multiply import multiply


def sum_of_products(
    m: Module, plan: DotProduct, inputs: Sequence[Value], weights: Value, name: str
) -> Value:
    """Return the sum of inputs times weights, ``plan.stages`` cycles later.

    The sum is exact modulo 2**sum_bits. Ternary lanes give ``~x`` where ``-x = ~x + 1`` is
    meant: the ones, as many as a filter has weights −1, are what its accumulator starts from.

    Parameters
    ----------
    m : Module
    plan : DotProduct
    inputs : values
        One a lane.
    weights : Value
        Their ``terms * weight_bits`` bits, the first lane lowest.
    name : str
        Suffix of the registers.
    """
    bits = plan.weight_bits
    codes = [weights[lane * bits : (lane + 1) * bits] for lane in range(plan.terms)]
    lanes = list(zip(inputs, codes, strict=True))
    if plan.multiplier == "ternary":
        terms = [_add_or_skip(x, code) for x, code in lanes]
    else:
        terms = [
            multiply(m, plan.product, x, code.as_signed(), plan.sum_bits, f"lane_{name}_{lane}")
            for lane, (x, code) in enumerate(lanes)
        ]
    level = 0
    while len(terms) > 1:
        level += 1
        pairs = [terms[index : index + 2] for index in range(0, len(terms), 2)]
        terms = [
            _registered_sum(m, pair, plan.sum_bits, f"sum{level}_{name}_{index}")
            for index, pair in enumerate(pairs)
        ]
    return terms[0]


def _add_or_skip(x: Value, code: Value) -> Value:
    """Return x, ~x or 0 for the codes 01, 11 and 00, as two's complement."""
    bits = Cat(x) if x.shape().signed else Cat(x, Const(0, 1))
    present, negative = code[0], code[1]
    value = (bits ^ negative.replicate(len(bits))) & present.replicate(len(bits))
    return value.as_signed()


def _registered_sum(m: Module, terms: Sequence[Value], limit: int, name: str) -> Value:
    """Return the sum of one or two values a cycle later, cut to ``limit`` bits."""
    total = terms[0] + terms[1] if len(terms) == 2 else terms[0]
    if len(total) > limit:
        total = total[:limit].as_signed()
    held = Signal(total.shape(), name=name, reset_less=True)
    m.d.sync += held.eq(total)
    return held
