"""Pooling of codes: maxima, and sums whose division waits for the quantizer."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from ...runtime.ops.maxpool import MaxPool
from ...runtime.ops.requantize import Requantize
from ...runtime.ops.reshape import Reshape
from ...runtime.ops.sumpool import SumPool
from ...runtime.program import Step
from ..ir import ops as ir
from .grid import on_grid
from .state import State, quantized, settled
from .value import Term, Value, add_reals, per_channel
from .wide import one_term

MAX_PLACES = 1 << 14
"""Most elements of an average whose divisors depend on the place: rows of stored constants."""


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
    """Return the sum of every window; the divisor moves into the scale.

    Where padding does not count, windows at the border have divisors of their own. Then the sums
    become a vector whose channels are the places of the frame, which costs a circuit nothing, and
    whatever rounds them has a row of constants for every place.
    """
    (source,) = state.graph.inputs(name)
    value = one_term(state, source, settled(state, name, quantized(state, name)))
    channels = value.shape[-1]
    padded = any(op.padding)
    # Channels are not added to each other: each may have a grid of its own.
    grid = on_grid(state, name, value, source, groups=channels, padded=padded)
    node = SumPool(op.kernel, op.stride, op.padding, pad_value=grid.zero)
    shape = node.infer(state.builder.types[grid.tensor]).shape
    places = op.kernel[0] * op.kernel[1]
    if not padded or op.count_include_pad:
        tensor = state.builder.emit(name, node, (grid.tensor,), state.graph.tensor(name))
        return Value((Term(tensor, tuple(u / places for u in grid.unit)),), grid.shift, shape)
    elements = prod(shape)
    if elements > MAX_PLACES:
        raise ValueError(
            "count_include_pad must be 1 where the input is padded and the result has more than "
            f"{MAX_PLACES} elements, not 0; export with count_include_pad=1, or without padding"
        )
    rows, columns = (_inside(op, axis, value.shape[axis], shape[axis]) for axis in (0, 1))
    counts = [row * column for row in rows for column in columns]
    if min(*rows, *columns) < 1:
        raise ValueError(f"padding must be smaller than the kernel {op.kernel}, not {op.padding}")
    sums = state.builder.emit(f"{name}_sum", node, (grid.tensor,), f"{name}_sum")
    flat = Reshape((elements,))
    tensor = state.builder.emit(f"{name}_places", flat, (sums,), state.graph.tensor(name))
    units, offsets = (per_channel(x, channels) for x in (grid.unit, grid.shift))
    return Value(
        (Term(tensor, tuple(unit / count for count in counts for unit in units)),),
        tuple(places * offset / count for count in counts for offset in offsets),
        (elements,),
        moves=(Step("reshape", {"shape": list(shape)}),),
    )


def _inside(op: ir.AveragePool, axis: int, size: int, windows: int) -> list[int]:
    """Return how many rows (or columns) of each window lie within the frame."""
    starts = [i * op.stride[axis] - op.padding[axis] for i in range(windows)]
    return [min(start + op.kernel[axis], size) - max(start, 0) for start in starts]
