"""What lowering carries through the graph, and what ops ask of their inputs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from ...runtime.errors import ModelError
from ...runtime.ops.requantize import Requantize
from ...runtime.ops.reshape import Reshape
from ...runtime.program import Input
from ..ir import ops as ir
from ..ir.graph import Graph
from .builder import Builder
from .value import Term, Value

InputKind = Literal["auto", "bytes", "codes"]


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
    """

    graph: Graph
    input_kind: InputKind
    builder: Builder = field(default_factory=Builder)
    values: dict[str, Value] = field(default_factory=dict)
    raw: dict[str, ir.Input] = field(default_factory=dict)
    entries: dict[str, Input] = field(default_factory=dict)


def source_of(state: State, name: str) -> Value:
    """Return the value of a node's first input."""
    return state.values[state.graph.inputs(name)[0]]


def quantized(state: State, name: str, source: str | None = None) -> Value:
    """Return the value of an input; raise ModelError where it is still real."""
    value = source_of(state, name) if source is None else state.values[source]
    if any(term.tensor in state.raw for term in value.terms):
        raise unquantized(name, state.graph.op(name))
    return value


def plain(state: State, name: str, value: Value) -> Value:
    """Return the value with pending clips applied to its codes."""
    if not value.clipped:
        return value
    if len(value.terms) == 2:
        raise unquantized(name, state.graph.op(name))
    term = value.terms[0]
    type_ = state.builder.types[term.tensor]
    low, high = type_.low, type_.high
    if len(term.factor) != 1 or term.factor[0] <= 0 or len(value.shift) != 1:
        raise unquantized(name, state.graph.op(name))
    bounds = []
    for bound in (value.low, value.high):
        code = None if bound is None else (bound[0] - value.shift[0]) / term.factor[0]
        if code is not None and (code.denominator != 1 or len(bound or ()) != 1):
            raise unquantized(name, state.graph.op(name))
        bounds.append(code)
    low = low if bounds[0] is None else min(max(low, int(bounds[0])), high)
    high = high if bounds[1] is None else max(min(high, int(bounds[1])), low)
    one = np.ones(1, dtype=np.int64)
    node = Requantize(one, one * 0, 0, low, high)
    tensor = state.builder.emit(f"{name}_clip", node, (term.tensor,), f"{name}_clip")
    return replace(value, terms=(Term(tensor, term.factor),), low=None, high=None)


def settled(state: State, name: str, value: Value) -> Value:
    """Return the value without pending moves: as a Reshape, where the order is the same."""
    if not value.moves:
        return value
    order = value.order
    if not (order.reshape(-1) == np.arange(order.size)).all():
        raise ValueError(
            "the input must not be transposed; export the model without this Transpose"
        )
    if len(value.shift) > 1 or any(len(term.factor) > 1 for term in value.terms):
        raise ValueError("the input must have one scale where it is reshaped")
    terms = tuple(
        Term(
            state.builder.emit(
                f"{name}_reshape", Reshape(order.shape), (t.tensor,), f"{name}_reshape"
            ),
            t.factor,
        )
        for t in value.terms
    )
    return replace(value, terms=terms, shape=order.shape, moves=())


def grid(state: State, name: str, value: Value) -> tuple[Fraction, int]:
    """Return scale and zero point of a value that lies on one grid for all channels."""
    if len(value.terms) == 2:
        raise unquantized(name, state.graph.op(name))
    factor, shift = value.terms[0].factor, value.shift
    if len(set(factor)) != 1 or len(set(shift)) != 1:
        raise ValueError(
            "the input must have one scale for all channels, not one per channel; "
            "export with per-tensor activation scales"
        )
    zero = -shift[0] / factor[0] if factor[0] else Fraction(1, 2)
    if zero.denominator != 1:
        raise unquantized(name, state.graph.op(name))
    return factor[0], int(zero)


def unquantized(name: str, op: Any) -> ModelError:
    """Return the error of an op whose input has no quantizer."""
    return ModelError(
        f"input of {type(op).__name__} '{name}' must be quantized, not real: give --data "
        "images.npz (calibration images) or export a QDQ model"
    )
