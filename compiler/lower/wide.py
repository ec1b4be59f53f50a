"""Exact sums of two terms, where no quantizer rounds them at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from ...runtime.ops.add import Add
from ..ir import ops as ir
from .requantize import MAX_PRODUCT_BITS
from .state import State
from .value import Term, Value, per_channel


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


def _wide_sum(state: State, name: str, value: Value) -> Term:
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
        raise ValueError(
            "the two inputs of the addition must have scales that are simple multiples of each "
            f"other, not such that an exact sum takes {max(abs(low), abs(high)).bit_length() + 1} "
            "bits; quantize them to 8 bits, or with equal scales"
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
    return Term(tensor, tuple(units))
