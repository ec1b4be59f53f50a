"""Transposes and reshapes: kept as moves until an op needs its elements in order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...runtime.program import Step
from ..ir import ops as ir
from .state import State, source_of
from .value import Value


def lower_reshape(state: State, name: str, op: ir.Reshape) -> Value:
    """Return the value with a reshape pending."""
    value = source_of(state, name)
    return _moved(value, Step("reshape", {"shape": list(op.shape)}))


def lower_transpose(state: State, name: str, op: ir.Transpose) -> Value:
    """Return the value with a transpose pending."""
    value = source_of(state, name)
    return _moved(value, Step("transpose", {"perm": list(op.perm)}))


def _moved(value: Value, step: Step) -> Value:
    moved = replace(value, moves=(*value.moves, step))
    order = moved.order
    straight = bool((order.reshape(-1) == np.arange(order.size)).all())
    if straight and order.shape == value.shape:
        return replace(value, moves=())
    return moved
