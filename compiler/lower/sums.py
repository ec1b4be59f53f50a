"""Additions: two terms that wait for their quantizer, or an exact wide sum."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from ...runtime.errors import UnsupportedError
from ...runtime.ops.add import Add
from ..ir import ops as ir
from .add import requantizing_add
from .requantize import MAX_PRODUCT_BITS
from .rounded import codes_of, rounded_functions
from .state import State, plain, quantized, settled
from .value import Term, Value, add_reals, per_channel


def lower_add(state: State, name: str, op: ir.Add) -> Value:
    """Return the sum of two values as two terms."""
    values = []
    for source in state.graph.inputs(name):
        value = plain(state, name, quantized(state, name, source))
        if len(value.terms) == 2:
            value = wide_sum(state, source, value)
        values.append(value)
    first, second = values
    if not _same_order(first, second):
        first, second = (settled(state, name, value) for value in values)
    return Value(
        (first.terms[0], second.terms[0]),
        add_reals(first.shift, second.shift),
        first.shape,
        moves=first.moves,
    )


def rounded_sum(state: State, name: str, op: ir.Quantize, value: Value) -> Value | None:
    """Return the sum as one requantizing Add, or None where none is proved."""
    a, b = value.terms
    functions = rounded_functions(op, (Fraction(0),), value)
    if len({*map(len, (a.factor, b.factor))}) != 1 or len(a.factor) != 1:
        return None
    if len(functions) != 1:
        return None
    (function,) = functions
    scale = op.scale[0]
    types = [state.builder.types[term.tensor] for term in value.terms]
    node = requantizing_add(
        (a.factor[0] / scale, b.factor[0] / scale),
        function,
        ((types[0].low, types[0].high), (types[1].low, types[1].high)),
    )
    if node is None:
        return None
    tensor = state.builder.emit(
        _sum_name(state, name), node, (a.tensor, b.tensor), state.graph.tensor(name)
    )
    return replace(codes_of(op, tensor, value.shape), moves=value.moves)


def wide_sum(state: State, name: str, value: Value) -> Value:
    """Return the sum as an exact integer tensor: both factors as multiples of one unit."""
    count = max(len(term.factor) for term in value.terms)
    factors = [per_channel(term.factor, count) for term in value.terms]
    units, multipliers = [], []
    for a, b in zip(*factors, strict=True):
        denominator = lcm(a.denominator, b.denominator)
        p, q = int(a * denominator), int(b * denominator)
        common = gcd(p, q) or 1
        units.append(Fraction(common, denominator))
        multipliers.append((p // common, q // common))
    types = [state.builder.types[term.tensor] for term in value.terms]
    ends = [
        [sorted((m * t.low, m * t.high)) for m, t in zip(pair, types, strict=True)]
        for pair in multipliers
    ]
    low = min(first[0] + second[0] for first, second in ends)
    high = max(first[1] + second[1] for first, second in ends)
    if max(abs(low), abs(high)).bit_length() > MAX_PRODUCT_BITS:
        raise UnsupportedError(
            f"Add '{name}' must have inputs whose scales are simple multiples of each other "
            "or at most 8 bits wide; quantize its inputs to 8 bits"
        )
    node = Add(
        np.array(multipliers, dtype=np.int64).T.copy(),
        np.zeros(1, dtype=np.int64),
        0,
        low,
        high,
    )
    tensors = tuple(term.tensor for term in value.terms)
    tensor = state.builder.emit(f"{name}_sum", node, tensors, f"{name}_sum")
    return replace(value, terms=(Term(tensor, tuple(units)),))


def _sum_name(state: State, name: str) -> str:
    """Return the name of the addition that a quantizer rounds: what a user looks for."""
    source = state.graph.inputs(name)[0]
    while not isinstance(state.graph.op(source), ir.Add):
        source = state.graph.inputs(source)[0]
    return source


def _same_order(first: Value, second: Value) -> bool:
    """Whether elements at the same place of the program's tensors meet in the graph."""
    if not first.moves and not second.moves:
        return True
    return first.shape == second.shape and np.array_equal(first.order, second.order)
