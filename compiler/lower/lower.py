"""From the integer-ready graph to the integer program: no number changes on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...runtime.errors import UnsupportedError
from ...runtime.program import Program, Step
from ..ir import ops as ir
from ..ir.graph import Graph
from .elementwise import lower_affine, lower_clip, lower_quantize, lower_relu
from .inputs import lower_input
from .layers import lower_conv, lower_dense
from .outputs import lower_output, move_step, tail_step
from .pooling import lower_averagepool, lower_maxpool
from .shapes import lower_reshape, lower_transpose
from .state import InputKind, State
from .sums import lower_add
from .value import Value

ORIGINAL_WEIGHTS = "sangi.original_weights"

Tails = dict[str, tuple[str, tuple[Step, ...]]]
"""Per node that only the host computes: the last node of the circuit and the steps behind it."""

RULES: Mapping[type, Callable[[State, str, Any], Value]] = {
    ir.Input: lower_input,
    ir.Quantize: lower_quantize,
    ir.Affine: lower_affine,
    ir.BatchNorm: lower_affine,
    ir.Relu: lower_relu,
    ir.Clip: lower_clip,
    ir.Conv: lower_conv,
    ir.Dense: lower_dense,
    ir.Add: lower_add,
    ir.MaxPool: lower_maxpool,
    ir.AveragePool: lower_averagepool,
    ir.Reshape: lower_reshape,
    ir.Transpose: lower_transpose,
}
"""How each op of the graph is lowered."""


def lower(graph: Graph, *, input_kind: InputKind = "auto") -> Program:
    """Return the integer program of a graph in normal form (every real value rounded exactly).

    Parameters
    ----------
    graph : Graph
        Channels last, quantized: see ``compiler/passes``.
    input_kind : str
        What the circuit takes: raw ``bytes`` (0…255), or ``codes`` of the first quantizer, which
        the host then computes; ``auto`` takes bytes for normalized inputs, and for images whose
        first quantizer can tell whole numbers apart (scale at least 1/2).

    Raises
    ------
    ModelError
        If a value that must be quantized is not.
    UnsupportedError
        If something cannot be mapped exactly; the message names the node.
    """
    state = State(graph, input_kind)
    tails: Tails = {}
    for name in graph.order():
        op = graph.op(name)
        tail = _tail(graph, name, tails)
        if tail is not None:
            tails[name] = tail
            continue
        rule = RULES.get(type(op))
        if rule is None:
            raise UnsupportedError(f"{type(op).__name__} '{name}' cannot be mapped to a circuit")
        try:
            state.values[name] = rule(state, name, op)
        except ValueError as error:
            raise UnsupportedError(f"{type(op).__name__} '{name}': {error}") from error
    outputs = tuple(
        lower_output(state, out, *tails.get(node, (node, ()))) for node, out in graph.outputs
    )
    weights = sum(
        int(op.weight.size)
        for op in map(graph.op, graph.order())
        if isinstance(op, ir.Conv | ir.Dense)
    )
    return Program(
        name=graph.name,
        inputs=tuple(state.entries.values()),
        nodes=tuple(state.builder.nodes),
        outputs=outputs,
        types=dict(state.builder.types),
        original_weights=int(graph.metadata.get(ORIGINAL_WEIGHTS, weights)),
    )


def _tail(graph: Graph, name: str, tails: Tails) -> tuple[str, tuple[Step, ...]] | None:
    """Return the entry of a node that the host computes, None for one of the circuit."""
    op = graph.op(name)
    sources = graph.inputs(name)
    step = tail_step(op)
    if step is None:
        if not sources or sources[0] not in tails:
            return None
        step = move_step(op)
        if step is None:
            raise UnsupportedError(
                f"{type(op).__name__} '{name}' must not follow Softmax, Sigmoid or ArgMax; "
                "these are computed by the host, at the end of the model"
            )
    node, steps = tails.get(sources[0], (sources[0], ()))
    return node, (*steps, step)
