"""What lowering carries through the graph, and what ops ask of their inputs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Literal, TypeVar

import numpy as np

from ...runtime.errors import ModelError
from ...runtime.ops.reshape import Reshape
from ...runtime.program import Input
from ..ir import ops as ir
from ..ir.graph import Graph
from .builder import Builder
from .value import Term, Value

InputKind = Literal["auto", "bytes", "codes"]

Scaling = tuple[str, tuple[int, ...], tuple[int, ...], int, int]

T = TypeVar("T")


@dataclass(eq=False)
class State:
    """One pass over the graph.

    Attributes
    ----------
    values : dict of node name to Value
        What every node's tensor is in integers.
    raw : dict of term name to ir.Input
        Real inputs that wait for their quantizers.
    entries : dict of term name to Input
        The program's inputs so far.
    sums : dict of terms to Term
        The exact sums that were emitted so far.
    scaled : dict of tensor, factors, shifts, low and high to tensor
        The changes of a tensor's codes that were emitted so far.
    """

    graph: Graph
    input_kind: InputKind
    builder: Builder = field(default_factory=Builder)
    values: dict[str, Value] = field(default_factory=dict)
    raw: dict[str, ir.Input] = field(default_factory=dict)
    entries: dict[str, Input] = field(default_factory=dict)
    sums: dict[tuple[Term, ...], Term] = field(default_factory=dict)
    scaled: dict[Scaling, str] = field(default_factory=dict)


def source_of(state: State, name: str) -> Value:
    """Return the value of a node's first input."""
    return state.values[state.graph.inputs(name)[0]]


def quantized(state: State, name: str, source: str | None = None) -> Value:
    """Return the value of an input; raise ModelError where it is still real."""
    value = source_of(state, name) if source is None else state.values[source]
    if any(term.tensor in state.raw for term in value.terms):
        raise unquantized()
    return value


def settled(state: State, name: str, value: Value) -> Value:
    """Return the value without pending moves: as a Reshape, where the order is the same."""
    if not value.moves:
        return value
    if any(term.tensor in state.raw for term in value.terms):
        raise ValueError("the input must be quantized before it is transposed or reshaped")
    order = value.order
    if not (order.reshape(-1) == np.arange(order.size)).all():
        raise ValueError(
            "the input must not be transposed; export the model without this Transpose"
        )
    terms = tuple(Term(t.tensor, _regrouped(t.factor, order.shape)) for t in value.terms)
    moved = Value(
        terms,
        _regrouped(value.shift, order.shape),
        order.shape,
        None if value.low is None else _regrouped(value.low, order.shape),
        None if value.high is None else _regrouped(value.high, order.shape),
    )
    node, tensor = Reshape(order.shape), f"{name}_reshape"
    return replace(
        moved,
        terms=tuple(
            Term(state.builder.emit(tensor, node, (t.tensor,), tensor), t.factor) for t in terms
        ),
    )


def _regrouped(values: tuple[T, ...], shape: tuple[int, ...]) -> tuple[T, ...]:
    """Return numbers of a value's channels as those of the last axis of another shape."""
    if len(values) == 1:
        return values
    every = np.array(values * (prod(shape) // len(values)), dtype=object)
    rows = every.reshape(-1, shape[-1])
    if not (rows == rows[0]).all():
        raise ValueError(
            "the input must have one scale where it is reshaped, not one per channel; export with "
            "per-tensor activation scales"
        )
    return tuple(rows[0])


def unquantized() -> ModelError:
    """Return the error of an op whose input has no quantizer."""
    return ModelError(
        "the input must be quantized, not real; give --data images.npz (calibration images) or "
        "export a QDQ model"
    )
