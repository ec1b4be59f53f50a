"""Layers with weights: zero points and biases move into what follows."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ...runtime.errors import ModelError
from ...runtime.ops.base import IntArray
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.ops.reshape import Reshape
from ..ir import ops as ir
from .state import State, grid, plain, quantized, settled
from .value import Reals, Term, Value, per_channel


def lower_conv(state: State, name: str, op: ir.Conv) -> Value:
    """Return the accumulators of a convolution."""
    value = settled(state, name, plain(state, name, quantized(state, name)))
    scale, zero = grid(state, name, value)
    weights, reals = _weights(name, op)
    node = Conv(weights, op.stride, op.padding, op.dilation, pad_value=zero, groups=op.groups)
    source = value.terms[0].tensor
    tensor = state.builder.emit(name, node, (source,), state.graph.tensor(name))
    return _accumulated(state, name, op, tensor, weights, scale, zero, reals)


def lower_dense(state: State, name: str, op: ir.Dense) -> Value:
    """Return the accumulators of a dense layer."""
    value = plain(state, name, quantized(state, name))
    scale, zero = grid(state, name, value)
    weights, reals = _weights(name, op)
    columns = np.empty_like(weights)
    # The program's order of features is the stream's; the graph's order is undone in the
    # weights, which costs nothing.
    columns[:, value.order.reshape(-1)] = weights
    source = _as_vector(state, name, value)
    tensor = state.builder.emit(name, Dense(columns), (source,), state.graph.tensor(name))
    return _accumulated(state, name, op, tensor, columns, scale, zero, reals)


def _weights(name: str, op: ir.Conv | ir.Dense) -> tuple[IntArray, Reals]:
    if op.weight_scale is None:
        raise ModelError(
            f"weights of {type(op).__name__} '{name}' must be quantized, not float: "
            "give --data images.npz (calibration images) or export a QDQ model"
        )
    return np.asarray(op.weight, dtype=np.int64), op.weight_scale


def _accumulated(
    state: State,
    name: str,
    op: ir.Conv | ir.Dense,
    tensor: str,
    weights: IntArray,
    scale: Fraction,
    zero: int,
    reals: Reals,
) -> Value:
    filters = len(weights)
    factor = tuple(scale * r for r in per_channel(reals, filters))
    sums = weights.reshape(filters, -1).sum(axis=1)
    bias = op.bias if op.bias is not None else (Fraction(0),) * filters
    shift = tuple(b - f * zero * int(total) for b, f, total in zip(bias, factor, sums, strict=True))
    return Value((Term(tensor, factor),), shift, state.graph.shape(name))


def _as_vector(state: State, name: str, value: Value) -> str:
    source = value.terms[0].tensor
    type_ = state.builder.types[source]
    if len(type_.shape) == 1:
        return source
    op = Reshape((type_.elements,))
    return state.builder.emit(f"{name}_reshape", op, (source,), f"{name}_reshape")
