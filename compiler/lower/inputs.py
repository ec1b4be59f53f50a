"""Inputs: a value whose one term is no tensor yet, until its quantizer decides its kind."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ...runtime.errors import UnsupportedError
from ...runtime.numerics import Rounding
from ...runtime.ops.base import TensorType
from ...runtime.ops.lookup import Lookup
from ...runtime.ops.requantize import Requantize
from ...runtime.program import Input, Step
from ..ir import ops as ir
from .exact import Rounded
from .outputs import clip_step
from .rounded import codes_of, rounded_functions
from .state import State
from .value import Term, Value

REAL = "\0"
"""Marks a term that is not a tensor of the program yet: a real input before its quantizer."""


def lower_input(state: State, name: str, op: ir.Input) -> Value:
    """Return the real input itself."""
    key = REAL + name
    state.raw[key] = op
    one = (Fraction(1),)
    return Value((Term(key, one),), (Fraction(0),), state.graph.shape(name))


def quantize_input(state: State, name: str, op: ir.Quantize, value: Value) -> Value:
    """Return the codes of an input's quantizer: the circuit takes them, or raw bytes."""
    source = value.terms[0].tensor
    declared = state.raw[source]
    normalized = value.terms[0].factor != (Fraction(1),) or value.shift != (Fraction(0),)
    previous = state.entries.get(source)
    kind = state.input_kind
    if kind == "auto":
        # A grid that reaches below 0 says that the model takes more than raw bytes.
        least = min((op.low - z) * s for z, s in zip(op.zero_point, op.scale, strict=True))
        whole = len(value.shape) == 3 and min(op.scale) >= Fraction(1, 2) and least >= 0
        taken = previous is not None and previous.kind == "bytes"
        kind = "bytes" if normalized or whole or taken else "codes"
    if previous is not None and (previous.kind, kind) != ("bytes", "bytes"):
        if kind == previous.kind and _same(previous.before, _host_quantizer(value, op)):
            return codes_of(op, previous.tensor, value.shape)
        raise UnsupportedError(f"Input '{declared.name}' must have one quantizer, not several")
    if kind == "codes":
        tensor = state.builder.source(
            state.graph.tensor(name), TensorType(value.shape, op.low, op.high)
        )
        before = _host_quantizer(value, op)
        state.entries[source] = Input(
            tensor, declared.name, declared.shape, declared.layout, "codes", before
        )
        return codes_of(op, tensor, value.shape)
    if previous is None:
        tensor = state.builder.source(
            state.graph.tensor(source.removeprefix(REAL)), TensorType(value.shape, 0, 255)
        )
        state.entries[source] = Input(
            tensor, declared.name, declared.shape, declared.layout, "bytes"
        )
    else:
        tensor = previous.tensor
    functions = rounded_functions(op, value.terms[0].factor, value)
    return _bytes_to_codes(state, name, op, tensor, functions, value.shape)


def placeholder(state: State, name: str, op: ir.Quantize) -> Value:
    """Return the codes of a quantizer behind something that could not be lowered."""
    shape = state.graph.shape(name)
    tensor = state.builder.source(state.graph.tensor(name), TensorType(shape, op.low, op.high))
    return codes_of(op, tensor, shape)


def _same(first: tuple[Step, ...], second: tuple[Step, ...]) -> bool:
    """Whether the host does the same for two quantizers."""
    return [(s.op, s.attributes) for s in first] == [(s.op, s.attributes) for s in second]


def _bytes_to_codes(
    state: State,
    name: str,
    op: ir.Quantize,
    tensor: str,
    functions: list[Rounded],
    shape: tuple[int, ...],
) -> Value:
    table = np.array([[f(x) for x in range(256)] for f in functions], dtype=np.int64)
    if (table == table[0]).all():
        table = table[:1]
    steps = np.arange(256)
    moved = int(table[0, 128]) - 128
    if len(table) == 1 and (table[0] == np.clip(steps + moved, op.low, op.high)).all():
        if moved == 0 and op.low <= 0 and op.high >= 255:
            return codes_of(op, tensor, shape)
        one = np.ones(1, dtype=np.int64)
        node = Requantize(one, one * moved, 0, op.low, op.high)
        output = state.builder.emit(name, node, (tensor,), state.graph.tensor(name))
    else:
        output = state.builder.emit(name, Lookup(table, 0), (tensor,), state.graph.tensor(name))
    return codes_of(op, output, shape)


def _host_quantizer(value: Value, op: ir.Quantize) -> tuple[Step, ...]:
    """Return the host's steps from real inputs to codes."""
    steps = []
    factor, shift = value.terms[0].factor, value.shift
    if factor != (Fraction(1),) or shift != (Fraction(0),):
        scale = [float(x) for x in factor]
        steps.append(Step("affine", {"scale": scale, "shift": [float(x) for x in shift]}))
    if value.clipped:
        steps.append(clip_step(value))
    attributes: dict[str, Any] = {
        "scale": [float(x) for x in op.scale],
        "zero_point": [float(x) if op.zero_first else int(x) for x in op.zero_point],
        "low": op.low,
        "high": op.high,
    }
    if op.rounding is not Rounding.HALF_EVEN or op.zero_first:
        attributes |= {"rounding": op.rounding.value, "zero_first": op.zero_first}
    return (*steps, Step("quantize", attributes))
