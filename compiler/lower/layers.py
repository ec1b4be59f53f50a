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
    constants = _constants(weights.sum(axis=(1, 2)), seen, grid.shift)
    units = tuple(units[g] for g in group)
    return _accumulated(op, reals, tensor, state.graph.shape(name), units, constants)


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
    constants = _constants(columns, seen, grid.shift)
    units = grid.unit * len(weights)
    return _accumulated(op, reals, tensor, state.graph.shape(name), units, constants)


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


def _constants(weights: IntArray, seen: IntArray, offsets: Reals) -> Reals:
    """Return what the input's offsets add to each filter, but for the weight's scale.

    Parameters
    ----------
    weights, seen : int64 (filters, terms)
        Integer weights of each filter, and the channels of the input that they meet.
    offsets : tuple of Fraction
        Of the input, one or one per channel.
    """
    # Exactly, as whole multiples of one unit.
    bottom = lcm(*(x.denominator for x in offsets))
    tops = np.array([int(x * bottom) for x in offsets], dtype=object)
    met = tops[seen] if len(offsets) > 1 else tops
    totals = (weights.astype(object) * met).sum(axis=1)
    return tuple(Fraction(int(total), bottom) for total in totals)


def _accumulated(
    op: ir.Conv | ir.Dense,
    reals: Reals,
    tensor: str,
    shape: tuple[int, ...],
    units: Reals,
    constants: Reals,
) -> Value:
    """Return the real value of a layer's accumulators.

    Parameters
    ----------
    op : Conv or Dense
    reals : tuple of Fraction
        Scales of the weights, one or one per filter.
    tensor : str
        The accumulators.
    shape : tuple of int
        Theirs.
    units : tuple of Fraction (filters,)
        What a code times an integer weight is worth, but for the weight's scale.
    constants : tuple of Fraction (filters,)
        See ``_constants``.
    """
    scales = per_channel(reals, len(units))
    bias = op.bias if op.bias is not None else (Fraction(0),) * len(units)
    factor = tuple(u * r for u, r in zip(units, scales, strict=True))
    shift = tuple(b + r * c for b, r, c in zip(bias, scales, constants, strict=True))
    return Value((Term(tensor, factor),), shift, shape)


def _as_vector(state: State, name: str, grid: Grid) -> str:
    type_ = state.builder.types[grid.tensor]
    if len(type_.shape) == 1:
        return grid.tensor
    op = Reshape((type_.elements,))
    return state.builder.emit(f"{name}_reshape", op, (grid.tensor,), f"{name}_reshape")
