"""Pooling of codes: maxima, and sums whose division waits for the quantizer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...runtime.ops.maxpool import MaxPool
from ...runtime.ops.requantize import Requantize
from ...runtime.ops.sumpool import SumPool
from ..ir import ops as ir
from .grid import on_grid
from .state import State, quantized, settled
from .value import Term, Value, add_reals
from .wide import one_term


def lower_maxpool(state: State, name: str, op: ir.MaxPool) -> Value:
    """Return the largest code of every window, on the grid of the input.

    A pending clip waits on: it never falls, so the largest value stays the largest.
    """
    (source,) = state.graph.inputs(name)
    value = one_term(state, source, settled(state, name, quantized(state, name)))
    value = _rising(state, name, value)
    term = value.terms[0]
    node = MaxPool(op.kernel, op.stride, op.padding, op.dilation)
    tensor = state.builder.emit(name, node, (term.tensor,), state.graph.tensor(name))
    return replace(
        value, terms=(Term(tensor, term.factor),), shape=state.builder.types[tensor].shape
    )


def _rising(state: State, name: str, value: Value) -> Value:
    """Return the value with no negative factor: codes of such channels are mirrored."""
    (term,) = value.terms
    if min(term.factor) >= 0:
        return value
    type_ = state.builder.types[term.tensor]
    turn = type_.low + type_.high
    signs = [-1 if factor < 0 else 1 for factor in term.factor]
    offsets = [turn if factor < 0 else 0 for factor in term.factor]
    if len(set(signs)) == 1:
        signs, offsets = signs[:1], offsets[:1]
    node = Requantize(
        np.array(signs, dtype=np.int64),
        np.array(offsets, dtype=np.int64),
        0,
        type_.low,
        type_.high,
    )
    tensor = state.builder.emit(f"{name}_mirror", node, (term.tensor,), f"{name}_mirror")
    # f*x = -f*(turn - x) + f*turn
    moved = tuple(min(factor, 0 * factor) * turn for factor in term.factor)
    return replace(
        value,
        terms=(Term(tensor, tuple(map(abs, term.factor))),),
        shift=add_reals(value.shift, moved),
    )


def lower_averagepool(state: State, name: str, op: ir.AveragePool) -> Value:
    """Return the sum of every window; the divisor moves into the scale."""
    (source,) = state.graph.inputs(name)
    value = one_term(state, source, settled(state, name, quantized(state, name)))
    if any(op.padding) and not op.count_include_pad:
        raise ValueError(
            "count_include_pad must be 1 where the input is padded, not 0; export with "
            "count_include_pad=1, or without padding"
        )
    channels = value.shape[-1]
    # Channels are not added to each other: each may have a grid of its own.
    grid = on_grid(state, name, value, source, groups=channels, padded=any(op.padding))
    node = SumPool(op.kernel, op.stride, op.padding, pad_value=grid.zero)
    tensor = state.builder.emit(name, node, (grid.tensor,), state.graph.tensor(name))
    places = op.kernel[0] * op.kernel[1]
    factor = tuple(unit / places for unit in grid.unit)
    return Value((Term(tensor, factor),), grid.shift, state.builder.types[tensor].shape)
