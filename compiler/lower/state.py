"""What lowering carries through the graph, and what ops ask of their inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    repeat, rest = divmod(order.shape[-1], value.shape[-1])
    if value.per_channel and rest:
        raise ValueError("the input must have one scale where it is reshaped")
    terms = tuple(
        Term(
            state.builder.emit(
                f"{name}_reshape", Reshape(order.shape), (t.tensor,), f"{name}_reshape"
            ),
            _repeated(t.factor, repeat),
        )
        for t in value.terms
    )
    return Value(
        terms,
        _repeated(value.shift, repeat),
        order.shape,
        None if value.low is None else _repeated(value.low, repeat),
        None if value.high is None else _repeated(value.high, repeat),
    )


def _repeated(values: tuple[T, ...], times: int) -> tuple[T, ...]:
    """Return the channels' numbers for a last axis that holds all channels so many times."""
    return values * times if len(values) > 1 else values


def unquantized() -> ModelError:
    """Return the error of an op whose input has no quantizer."""
    return ModelError(
        "the input must be quantized, not real; give --data images.npz (calibration images) or "
        "export a QDQ model"
    )
