"""Counted thresholds as integer thresholds: exact ceilings of what a code must reach."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

import numpy as np

from ...runtime.ops.base import TensorType
from ...runtime.ops.threshold import Threshold
from ..ir import ops as ir
from .state import State, settled, source_of, unquantized
from .tables import trimmed
from .value import Term, Value, per_channel
from .wide import one_term


def lower_multithreshold(state: State, name: str, op: ir.MultiThreshold) -> Value:
    """Return the counts: integers of their own grid, ``out_scale * count + out_bias``."""
    value = source_of(state, name)
    if any(term.tensor in state.raw for term in value.terms):
        raise unquantized()
    thresholds = value.places(op.thresholds)
    if thresholds is None:
        value = settled(state, name, value)
    else:
        op = replace(op, thresholds=thresholds)
    value = one_term(state, name, value)
    (term,) = value.terms
    node = integer_thresholds(op, term, value, state.builder.types[term.tensor])
    output = state.builder.emit(name, node, (term.tensor,), state.graph.tensor(name))
    shape, moves = value.shape, value.moves
    return Value((Term(output, (op.out_scale,)),), (op.out_bias,), shape, moves=moves)


def integer_thresholds(
    op: ir.MultiThreshold, term: Term, value: Value, type_: TensorType
) -> Threshold:
    """Return the runtime op that counts for every integer of a type as ``op`` does for its real.

    With ``real = clip(factor * x + shift)`` and a positive factor, ``real >= T`` holds from ``x =
    ceil((T - shift) / factor)`` on; with a negative one, up to the floor of that; with factor 0
    and beyond the bounds of the clip, always or never.
    """
    count = max(value.entries, len(op.thresholds))
    rows, values = [], []
    for thresholds, factor, shift, low, high in zip(
        op.thresholds if op.per_channel else op.thresholds * count,
        per_channel(term.factor, count),
        per_channel(value.shift, count),
        per_channel(value.low or (None,), count),
        per_channel(value.high or (None,), count),
        strict=True,
    ):
        falling = factor < 0
        places = []
        for threshold in thresholds:
            if low is not None and low >= threshold:
                always: bool | None = True
            elif high is not None and high < threshold:
                always = False
            else:
                always = None if factor else shift >= threshold
            places.append(_place(threshold, factor, shift, always, type_))
        rows.append(sorted(places))
        counts = range(len(thresholds) + 1)
        values.append(counts[::-1] if falling else counts)
    table, counted = np.array(rows, dtype=np.int64), np.array([list(row) for row in values])
    return trimmed(table, counted, type_.low, type_.high)


def _place(
    threshold: Fraction, factor: Fraction, shift: Fraction, always: bool | None, type_: TensorType
) -> int:
    """Return the first integer from which on a threshold counts, or (falling) counts no more."""
    first, never = type_.low, type_.high + 1
    if always is not None:
        return first if always is (factor >= 0) else never
    edge = (threshold - shift) / factor
    place = ceil(edge) if factor > 0 else floor(edge) + 1
    return min(max(place, first), never)
