"""The circuit of dot products whose weights are packed (``hdl/packing.py``)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value

from .multiply import DSP
from .packing import Packing
from .pipeline import register


@dataclass(frozen=True)
class Term:
    """A number that is short by its ``carry``, a bit; None where it is whole."""

    value: Value
    carry: Value | None = None


def operands(m: Module, packing: Packing, word: Value, name: str) -> list[Value]:
    """Return the operands of a word of the weights' memory, a cycle later.

    The register stands behind the repeated signs, where a multiplier block can take it in.

    Parameters
    ----------
    m : Module
    packing : Packing
    word : Value
        The stored fields of one operand after the other, the first lowest.
    name : str
        Prefix of the registers.
    """
    stored = sum(packing.stored)
    found: list[Value] = []
    for index in range(len(word) // stored):
        low = index * stored
        fields: list[Value] = []
        for width in packing.stored:
            field = word[low : low + width]
            missing = packing.shift - width if len(fields) < packing.count - 1 else 0
            fields.append(Cat(field, field[-1].replicate(missing)))
            low += width
        found.append(register(m, Cat(*fields).as_signed(), f"{name}_{index}"))
    return found


def lowest_bit(packing: Packing, x: Value, operand: Value) -> Value:
    """Return the lowest bit of the upper of two products: of the weight before its borrow."""
    return x[0] & (operand[packing.shift] ^ operand[packing.shift - 1])


def taken_apart(packing: Packing, total: Value, parity: Value, limit: int) -> list[Term]:
    """Return the numbers in a sum of packed products, of at most ``limit`` bits each.

    The borrows out of lower fields are their carries: the topmost bit of what lies below.
    ``parity`` is the lowest bit of the upper number where two fields overlap.
    """
    shift = packing.shift
    if packing.overlap:
        top = total[shift] ^ parity
        low, high = Cat(total[:shift], top)[:limit], total[shift : shift + limit]
        return [Term(low.as_signed()), Term(high.as_signed(), top)]
    parts = []
    for index in range(packing.count):
        low, last = index * shift, index == packing.count - 1
        high = min(low + limit, len(total) if last else low + shift)
        parts.append(Term(total[low:high].as_signed(), total[low - 1] if index else None))
    return parts


def add(left: Value, right: Term) -> Value:
    """Return the sum with the right term's carry, which goes into the lowest bit of the adder."""
    if right.carry is None:
        return left + right.value
    # A constant one beneath passes the carry on; written as a third operand it costs an adder.
    total = Cat(Const(1, 1), left).as_signed() + Cat(right.carry, right.value).as_signed()
    return total[1:].as_signed()


def packed_sums(
    m: Module,
    packing: Packing,
    inputs: Sequence[Value],
    weights: Sequence[Value],
    limit: int,
    name: str,
) -> list[Term]:
    """Return the sums of inputs times weights for the filters of one operand.

    They come ``1 + clog2(len(inputs))`` cycles later and are exact modulo ``2**limit``.

    Parameters
    ----------
    m : Module
    packing : Packing
    inputs : values
        One a lane.
    weights : values
        The lanes' operands (``operands``).
    limit : int
        Bits of a sum.
    name : str
        Suffix of the registers.
    """
    totals: list[Value] = []
    parities: list[Value] = []
    for lane, (x, operand) in enumerate(zip(inputs, weights, strict=True)):
        product = x * operand
        held = Signal(product.shape(), name=f"product_{name}_{lane}", reset_less=True, attrs=DSP)
        m.d.sync += held.eq(product)
        totals.append(held)
        bit = lowest_bit(packing, x, operand) if packing.overlap else Const(0, 1)
        parities.append(register(m, bit, f"parity_{name}_{lane}"))
    level = 0
    if packing.summed == 2 and len(totals) > 1:
        level = 1
        totals = _pairs(m, totals, operator.add, f"sum1_{name}")
        parities = _pairs(m, parities, operator.xor, f"parity1_{name}")
    parts = [
        taken_apart(packing, total, parity, limit)
        for total, parity in zip(totals, parities, strict=True)
    ]
    return [
        _tree(m, [part[index] for part in parts], limit, level, f"{name}_{index}")
        for index in range(packing.count)
    ]


def _pairs(
    m: Module, values: list[Value], join: Callable[[Value, Value], Value], name: str
) -> list[Value]:
    """Return neighbours joined, a cycle later."""
    return [
        register(m, join(*pair) if len(pair) == 2 else pair[0], f"{name}_{index}")
        for index, pair in enumerate(values[at : at + 2] for at in range(0, len(values), 2))
    ]


def _tree(m: Module, terms: list[Term], limit: int, level: int, name: str) -> Term:
    """Return the sum of terms: every adder takes the carry of one, the last carry is left."""
    while len(terms) > 1:
        level += 1
        found = []
        for index in range(0, len(terms), 2):
            total, carry = terms[index].value, terms[index].carry
            if index + 1 < len(terms):
                total = add(total, terms[index + 1])
            if len(total) > limit:
                total = total[:limit].as_signed()
            suffix = f"{level}_{name}_{index // 2}"
            found.append(
                Term(
                    register(m, total, f"sum{suffix}"),
                    None if carry is None else register(m, carry, f"carry{suffix}"),
                )
            )
        terms = found
    return terms[0]
