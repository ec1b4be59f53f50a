"""Layers with weights: zero points, scales and biases move into what follows."""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import numpy as np

from ...runtime.errors import ModelError
from ...runtime.ops.base import IntArray
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.ops.reshape import Reshape
from ..ir import ops as ir
from .grid import MAX_BITS, Grid, on_grid
from .state import State, quantized, settled
from .value import Reals, Term, Value, per_channel
from .wide import one_term


def lower_conv(state: State, name: str, op: ir.Conv) -> Value:
    """Return the accumulators of a convolution."""
    (source,) = state.graph.inputs(name)
    value = one_term(state, source, settled(state, name, quantized(state, name)))
    weights, reals = _weights(op)
    grid = on_grid(
        state,
        name,
        value,
        source,
        groups=op.groups,
        padded=any(op.padding),
        room=_room(weights),
    )
    filters, depth = len(weights), weights.shape[3]
    # Which channels a filter sees, and in which group it is.
    group = np.arange(filters) // (filters // op.groups)
    seen = group[:, None] * depth + np.arange(depth)
    multiples = np.array(per_channel(grid.multiples, depth * op.groups), dtype=np.int64)
    scaled = weights * multiples[seen][:, None, None, :]
    node = Conv(scaled, op.stride, op.padding, op.dilation, pad_value=grid.zero, groups=op.groups)
    tensor = state.builder.emit(name, node, (grid.tensor,), state.graph.tensor(name))
    units = per_channel(grid.unit, op.groups)
    sums = weights.sum(axis=(1, 2))
    return _accumulated(
        state, name, op, tensor, tuple(units[g] for g in group), reals, sums, seen, grid.shift
    )


def lower_dense(state: State, name: str, op: ir.Dense) -> Value:
    """Return the accumulators of a dense layer."""
    (source,) = state.graph.inputs(name)
    value = one_term(state, source, quantized(state, name))
    weights, reals = _weights(op)
    grid = on_grid(state, name, value, source, room=_room(weights))
    columns = np.empty_like(weights)
    # The program's order of features is the stream's; the graph's order is undone in the
    # weights, which costs nothing.
    columns[:, value.order.reshape(-1)] = weights
    channel = np.arange(columns.shape[1]) % value.shape[-1]
    multiples = np.array(per_channel(grid.multiples, value.shape[-1]), dtype=np.int64)
    vector = _as_vector(state, name, grid)
    node = Dense(columns * multiples[channel])
    tensor = state.builder.emit(name, node, (vector,), state.graph.tensor(name))
    seen = np.broadcast_to(channel, columns.shape)
    return _accumulated(
        state, name, op, tensor, grid.unit * len(weights), reals, columns, seen, grid.shift
    )


def _weights(op: ir.Conv | ir.Dense) -> tuple[IntArray, Reals]:
    if op.weight_scale is None:
        raise ModelError(
            "the weights must be quantized, not float; give --data images.npz (calibration "
            "images) or export a QDQ model"
        )
    return np.asarray(op.weight, dtype=np.int64), op.weight_scale


def _room(weights: IntArray) -> int:
    """Return by what the weights may be multiplied and still be of ``MAX_BITS`` bits."""
    largest = max(int(weights.max()), -int(weights.min()), 1)
    return ((1 << (MAX_BITS - 1)) - 1) // largest


def _accumulated(
    state: State,
    name: str,
    op: ir.Conv | ir.Dense,
    tensor: str,
    units: Reals,
    reals: Reals,
    sums: IntArray,
    seen: IntArray,
    offsets: Reals,
) -> Value:
    """Return the real value of a layer's accumulators.

    Parameters
    ----------
    units : tuple of Fraction
        What a code times an integer weight is worth to each filter, but for the weight's scale.
    sums, seen : int64 (filters, terms)
        Integer weights of each filter, and the channels of the input that they meet.
    offsets : tuple of Fraction
        Of the input, one or one per channel.
    """
    filters = len(sums)
    scales = per_channel(reals, filters)
    bias = op.bias if op.bias is not None else (Fraction(0),) * filters
    factor = tuple(u * r for u, r in zip(units, scales, strict=True))
    # Exactly, as whole multiples of one unit.
    bottom = lcm(*(x.denominator for x in offsets))
    tops = np.array([int(x * bottom) for x in offsets], dtype=object)
    met = tops[seen] if len(offsets) > 1 else tops
    totals = (sums.astype(object) * met).sum(axis=1)
    shift = tuple(
        b + r * Fraction(int(total), bottom)
        for b, r, total in zip(bias, scales, totals, strict=True)
    )
    return Value((Term(tensor, factor),), shift, state.graph.shape(name))


def _as_vector(state: State, name: str, grid: Grid) -> str:
    type_ = state.builder.types[grid.tensor]
    if len(type_.shape) == 1:
        return grid.tensor
    op = Reshape((type_.elements,))
    return state.builder.emit(f"{name}_reshape", op, (grid.tensor,), f"{name}_reshape")
