"""Additions: two terms that wait for the quantizer that rounds their sum."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..ir import ops as ir
from .add import requantizing_add
from .grid import plain
from .rounded import codes_of, rounded_functions
from .state import State, quantized, settled
from .value import Value, add_reals, per_channel
from .wide import adder_of


def lower_add(state: State, name: str, op: ir.Add) -> Value:
    """Return the sum of two values as two terms."""
    first, second = (
        plain(state, name, quantized(state, name, source), source)
        for source in state.graph.inputs(name)
    )
    if not _same_order(first, second):
        first, second = (settled(state, name, value) for value in (first, second))
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
    count = max(map(len, (a.factor, b.factor, op.scale, functions)))
    scales = [
        (x / s, y / s)
        for x, y, s in zip(
            per_channel(a.factor, count),
            per_channel(b.factor, count),
            per_channel(op.scale, count),
            strict=True,
        )
    ]
    types = [state.builder.types[term.tensor] for term in value.terms]
    node = requantizing_add(
        scales,
        per_channel(functions, count),
        ((types[0].low, types[0].high), (types[1].low, types[1].high)),
    )
    if node is None:
        return None
    tensor = state.builder.emit(
        adder_of(state, name), node, (a.tensor, b.tensor), state.graph.tensor(name)
    )
    return replace(codes_of(op, tensor, value.shape), moves=value.moves)


def _same_order(first: Value, second: Value) -> bool:
    """Whether elements at the same place of the program's tensors meet in the graph."""
    if not first.moves and not second.moves:
        return True
    return first.shape == second.shape and np.array_equal(first.order, second.order)
