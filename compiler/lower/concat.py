"""Joined tensors: codes stay as they are, and every channel keeps its own scale."""

from __future__ import annotations

from typing import TypeVar

from ...runtime.ops.concat import Concat
from ..ir import ops as ir
from .state import State, quantized, settled
from .value import Bounds, Term, Value, per_channel
from .wide import one_term

T = TypeVar("T")


def lower_concat(state: State, name: str, op: ir.Concat) -> Value:
    """Return the joined integers; scales, offsets and pending clips are joined as well.

    Nothing is rounded: what adds channels up asks for one grid, and a quantizer rounds every
    channel from its own.

    Raises
    ------
    ValueError
        If inputs of different scales are joined along rows or columns.
    """
    parts = [
        one_term(state, source, settled(state, name, quantized(state, name, source)))
        for source in state.graph.inputs(name)
    ]
    if len(parts) == 1:
        return parts[0]
    shape = state.graph.shape(name)
    places = op.axis < len(shape) - 1
    if places and len({_numbers(part, shape[-1]) for part in parts}) > 1:
        raise ValueError(
            "inputs must have one scale and zero point where rows or columns are joined, not "
            "several; put one quantizer behind Concat"
        )
    tensors = tuple(part.terms[0].tensor for part in parts)
    tensor = state.builder.emit(name, Concat(op.axis), tensors, state.graph.tensor(name))
    parts = parts[:1] if places else parts
    sizes = [part.shape[-1] for part in parts]
    return Value(
        (Term(tensor, _joined([part.terms[0].factor for part in parts], sizes)),),
        _joined([part.shift for part in parts], sizes),
        shape,
        _bounds([part.low for part in parts], sizes),
        _bounds([part.high for part in parts], sizes),
    )


def _numbers(value: Value, channels: int) -> tuple[object, ...]:
    """Return everything that turns a value's integers into reals, for every channel."""
    rows = value.terms[0].factor, value.shift, value.low or (None,), value.high or (None,)
    return tuple(per_channel(row, channels) for row in rows)


def _joined(rows: list[tuple[T, ...]], sizes: list[int]) -> tuple[T, ...]:
    """Return numbers per channel one behind the other; one number where all are equal."""
    if len(set(rows)) == 1 and len(rows[0]) == 1:
        return rows[0]
    every = (per_channel(row, size) for row, size in zip(rows, sizes, strict=True))
    return tuple(number for row in every for number in row)


def _bounds(rows: list[Bounds | None], sizes: list[int]) -> Bounds | None:
    if all(row is None for row in rows):
        return None
    return _joined([row or (None,) for row in rows], sizes)
