"""Outputs: exact scales and offsets, then what the host does at the end of the model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...runtime.program import Output, Step
from ..ir import ops as ir
from .state import State
from .value import Bounds, Value
from .wide import one_term


def lower_output(state: State, out: str, node: str, steps: tuple[Step, ...]) -> Output:
    """Return how the host makes an output of the model from the program's tensor.

    Raises
    ------
    ValueError
        If the output is the input itself, or a sum that needs too many bits.
    """
    value = state.values[node]
    if any(term.tensor in state.raw for term in value.terms):
        raise ValueError(
            f"output '{out}' must be computed in the circuit, not be the real input; put a "
            "quantizer in front of it"
        )
    value = one_term(state, node, value)
    after = (clip_step(value),) if value.clipped else ()
    return Output(
        tensor=value.terms[0].tensor,
        name=out,
        scale=np.array([float(x) for x in value.terms[0].factor]),
        offset=np.array([float(x) for x in value.shift]),
        after=(*after, *value.moves, *steps),
    )


def clip_step(value: Value) -> Step:
    """Return the host's step for a pending clip."""
    return Step("clip", {"low": _limits(value.low), "high": _limits(value.high)})


def _limits(bounds: Bounds | None) -> list[float | None] | None:
    if bounds is None:
        return None
    return [None if x is None else float(x) for x in bounds]


def tail_step(op: Any) -> Step | None:
    """Return the host's step for an op that only the host computes, or None."""
    if isinstance(op, ir.Softmax):
        return Step("softmax", {"axis": op.axis})
    if isinstance(op, ir.Sigmoid):
        return Step("sigmoid")
    if isinstance(op, ir.ArgMax):
        return Step("argmax", {"axis": op.axis, "keepdims": op.keepdims})
    return None


def move_step(op: Any) -> Step | None:
    """Return the host's step for a transpose or reshape, or None."""
    if isinstance(op, ir.Reshape):
        return Step("reshape", {"shape": list(op.shape)})
    if isinstance(op, ir.Transpose):
        return Step("transpose", {"perm": list(op.perm)})
    return None
