"""Pooling of codes: maxima, and sums whose division waits for the quantizer."""

from __future__ import annotations

from dataclasses import replace

from ...runtime.ops.maxpool import MaxPool
from ...runtime.ops.sumpool import SumPool
from ..ir import ops as ir
from .state import State, grid, plain, quantized, settled, source_of, unquantized
from .sums import wide_sum
from .value import Term, Value


def lower_maxpool(state: State, name: str, op: ir.MaxPool) -> Value:
    """Return the largest code of every window, on the grid of the input."""
    value = settled(state, name, source_of(state, name))
    if len(value.terms) == 2:
        value = wide_sum(state, name, value)
    term = value.terms[0]
    if term.tensor in state.raw:
        raise unquantized(name, op)
    if min(term.factor) <= 0:
        raise ValueError("the scale of the input must be positive, not negative or 0")
    node = MaxPool(op.kernel, op.stride, op.padding, op.dilation)
    tensor = state.builder.emit(name, node, (term.tensor,), state.graph.tensor(name))
    return replace(
        value, terms=(Term(tensor, term.factor),), shape=state.builder.types[tensor].shape
    )


def lower_averagepool(state: State, name: str, op: ir.AveragePool) -> Value:
    """Return the sum of every window; the divisor moves into the scale."""
    value = settled(state, name, plain(state, name, quantized(state, name)))
    if any(op.padding) and not op.count_include_pad:
        raise ValueError(
            "count_include_pad must be 1 where the input is padded, not 0; export with "
            "count_include_pad=1, or without padding"
        )
    scale, zero = grid(state, name, value)
    node = SumPool(op.kernel, op.stride, op.padding, pad_value=zero)
    tensor = state.builder.emit(name, node, (value.terms[0].tensor,), state.graph.tensor(name))
    places = op.kernel[0] * op.kernel[1]
    return Value(
        (Term(tensor, (scale / places,)),), (-scale * zero,), state.builder.types[tensor].shape
    )
