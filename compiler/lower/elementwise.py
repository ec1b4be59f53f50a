"""Elementwise functions wait for the quantizer that rounds them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ..ir import ops as ir
from .inputs import quantize_input
from .rounded import codes_of, is_identity, rounded_functions
from .state import State, settled, source_of
from .sums import rounded_sum
from .two_ops import requantizers
from .value import Value
from .wide import one_term


def lower_affine(state: State, name: str, op: ir.Affine | ir.BatchNorm) -> Value:
    """Return the value times constants plus constants."""
    value = source_of(state, name)
    scale, shift = value.places(op.scale), value.places(op.shift)
    if scale is None or shift is None:
        value = settled(state, name, value)
        scale, shift = op.scale, op.shift
    return value.affine(scale, shift)


def lower_relu(state: State, name: str, op: ir.Relu) -> Value:
    """Return the value with a lower bound."""
    return source_of(state, name).clip(Fraction(0), None)


def lower_clip(state: State, name: str, op: ir.Clip) -> Value:
    """Return the value with bounds."""
    low, high = (None if x is None else Fraction(x) for x in (op.low, op.high))
    return source_of(state, name).clip(low, high)


def lower_quantize(state: State, name: str, op: ir.Quantize) -> Value:
    """Return the codes of a quantizer, rounded by a proved op where anything is rounded."""
    value = source_of(state, name)
    scale, zero_point = value.places(op.scale), value.places(op.zero_point)
    if scale is None or zero_point is None:
        value = settled(state, name, value)
    else:
        op = replace(op, scale=scale, zero_point=zero_point)
    if value.terms[0].tensor in state.raw:
        return replace(quantize_input(state, name, op, value), moves=value.moves)
    if len(value.terms) == 2:
        rounded = rounded_sum(state, name, op, value)
        if rounded is not None:
            return rounded
        value = one_term(state, name, value)
    (term,) = value.terms
    type_ = state.builder.types[term.tensor]
    functions = rounded_functions(op, term.factor, value)
    if is_identity(functions, type_):
        return replace(codes_of(op, term.tensor, value.shape), moves=value.moves)
    *before, last = requantizers(functions, type_.low, type_.high)
    tensor = term.tensor
    for node in before:
        tensor = state.builder.emit(f"{name}_count", node, (tensor,), f"{name}_count")
    output = state.builder.emit(name, last, (tensor,), state.graph.tensor(name))
    return replace(codes_of(op, output, value.shape), moves=value.moves)
