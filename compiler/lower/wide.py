"""Exact sums of two terms, where no quantizer rounds them at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from ...runtime.numerics import bits_for
from ...runtime.ops.add import Add
from ...runtime.program import Program
from ..ir import ops as ir
from .requantize import MAX_PRODUCT_BITS
from .state import State
from .value import Term, Value, per_channel

COSTLY_BITS = 24
"""Sums up to here are as wide as accumulators are anyway."""


def one_term(state: State, name: str, value: Value) -> Value:
    """Return the value as one term: a sum of two as an exact integer tensor.

    Both factors of a channel are multiples of one unit. A sum is emitted once, however many ask
    for it.

    Parameters
    ----------
    name : str
        The node that has the value, or one that reads it.

    Raises
    ------
    ValueError
        If the sum needs too many bits.
    """
    if len(value.terms) == 1:
        return value
    term = state.sums.get(value.terms)
    if term is None:
        term = state.sums[value.terms] = _wide_sum(state, adder_of(state, name), value)
    return replace(value, terms=(term,))


def adder_of(state: State, name: str) -> str:
    """Return the addition behind a node whose value has two terms: what a user looks for."""
    while not isinstance(state.graph.op(name), ir.Add):
        name = state.graph.inputs(name)[0]
    return name


def costly_sums(program: Program) -> list[str]:
    """Return a line for every addition that is exact only in many bits."""
    return [
        f"Add '{node.name}' takes {program.types[node.output].bits} bits to be exact: its inputs "
        "are too wide to prove a rounding, and their scales have no simple ratio"
        for node in program.nodes
        if isinstance(node.op, Add) and program.types[node.output].bits > COSTLY_BITS
    ]


def _wide_sum(state: State, name: str, value: Value) -> Term:
    count = max(len(term.factor) for term in value.terms)
    types = [state.builder.types[term.tensor] for term in value.terms]
    # What is always 0 (a layer of zero weights) needs no common unit.
    factors = [
        per_channel(term.factor if type_.low or type_.high else (Fraction(0),), count)
        for term, type_ in zip(value.terms, types, strict=True)
    ]
    units, multipliers = [], []
    for a, b in zip(*factors, strict=True):
        denominator = lcm(a.denominator, b.denominator)
        p, q = int(a * denominator), int(b * denominator)
        common = gcd(p, q) or 1
        units.append(Fraction(common, denominator))
        multipliers.append((p // common, q // common))
    ends = [
        [sorted((m * t.low, m * t.high)) for m, t in zip(pair, types, strict=True)]
        for pair in multipliers
    ]
    low = min(first[0] + second[0] for first, second in ends)
    high = max(first[1] + second[1] for first, second in ends)
    if max(abs(low), abs(high)).bit_length() > MAX_PRODUCT_BITS:
        raise ValueError(
            f"the two inputs of Add '{name}' must have scales that are simple multiples of each "
            f"other, not such that an exact sum takes {bits_for(low, high)} bits; quantize them "
            "to 8 bits, or with equal scales"
        )
    node = Add(
        np.array(multipliers, dtype=np.int64).T.copy(),
        np.zeros(1, dtype=np.int64),
        0,
        low,
        high,
    )
    tensors = tuple(term.tensor for term in value.terms)
    tensor = state.builder.emit(name, node, tensors, state.graph.tensor(name))
    return Term(tensor, tuple(units))
