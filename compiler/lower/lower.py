"""From the integer-ready graph to the integer program: no number changes on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...runtime.errors import ModelError
from ...runtime.program import Node, Program, Step
from ..ir import ops as ir
from ..ir.graph import Graph
from ..ir.original import original_weights
from ..problems import Problem, refusal
from .concat import lower_concat
from .elementwise import lower_affine, lower_clip, lower_quantize, lower_relu
from .inputs import lower_input, placeholder
from .layers import lower_conv, lower_dense
from .multithreshold import lower_multithreshold
from .outputs import lower_output, move_step, tail_step
from .pooling import lower_averagepool, lower_maxpool
from .shapes import lower_reshape, lower_transpose
from .state import InputKind, State
from .sums import lower_add
from .value import Value

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
    ir.Concat: lower_concat,
    ir.MaxPool: lower_maxpool,
    ir.MultiThreshold: lower_multithreshold,
    ir.AveragePool: lower_averagepool,
    ir.Reshape: lower_reshape,
    ir.Transpose: lower_transpose,
}
"""How each op of the graph is lowered."""


@dataclass(frozen=True, eq=False)
class Lowering:
    """What lowering made of a graph.

    Attributes
    ----------
    program : Program, or None
        None where there are problems.
    values : mapping of node name to Value, or None
        What every node's tensor is in the program's integers; None for what the host computes and
        for what could not be lowered.
    problems : tuple of Problem
        Everything that cannot be mapped exactly, in the graph's order.
    nodes : tuple of Node
        What could be lowered, whether or not it makes a program.
    """

    program: Program | None
    values: Mapping[str, Value | None]
    problems: tuple[Problem, ...]
    nodes: tuple[Node, ...]


def lower(graph: Graph, *, input_kind: InputKind = "auto") -> Program:
    """Return the integer program of a graph, or refuse it.

    Parameters are those of ``lower_graph``.

    Raises
    ------
    UnsupportedError
        Once, for everything that cannot be mapped exactly; the message names the nodes.
    """
    lowering = lower_graph(graph, input_kind=input_kind)
    if lowering.program is None:
        raise refusal(graph.name, lowering.problems)
    return lowering.program


def lower_graph(graph: Graph, *, input_kind: InputKind = "auto") -> Lowering:
    """Lower a graph in normal form (every real value rounded exactly), as far as that goes.

    Behind a node that cannot be lowered, lowering goes on at the next quantizer, whose codes are
    known whatever it gets.

    Parameters
    ----------
    graph : Graph
        Channels last, quantized: see ``compiler/passes``.
    input_kind : str
        What the circuit takes: raw ``bytes`` (0…255), or ``codes`` of the first quantizer, which
        the host then computes; ``auto`` takes bytes for normalized inputs, and for images whose
        first quantizer can tell whole numbers apart (scale at least 1/2) and holds none below 0.
    """
    state = State(graph, input_kind)
    tails: Tails = {}
    lost: set[str] = set()
    problems: list[Problem] = []
    for name in graph.order():
        op = graph.op(name)
        if isinstance(op, ir.Opaque):
            lost.add(name)
            continue
        behind = not lost.isdisjoint(graph.inputs(name))
        try:
            tail = _tail(graph, name, tails)
            if tail is not None:
                tails[name] = tail
            elif not behind:
                state.values[name] = _rule(op)(state, name, op)
            elif isinstance(op, ir.Quantize):
                state.values[name] = placeholder(state, name, op)
                behind = False
        except (ValueError, ModelError) as error:
            problems.append(_problem(name, op, error))
            behind = True
        if behind:
            lost.add(name)
    outputs = []
    for name, out in graph.outputs:
        if name in lost:
            continue
        try:
            outputs.append(lower_output(state, out, *tails.get(name, (name, ()))))
        except (ValueError, ModelError) as error:
            problems.append(_problem(name, graph.op(name), error))
    values = {name: state.values.get(name) for name in graph.order()}
    if problems or lost:
        return Lowering(None, values, tuple(problems), tuple(state.builder.nodes))
    program = Program(
        name=graph.name,
        inputs=tuple(state.entries.values()),
        nodes=tuple(state.builder.nodes),
        outputs=tuple(outputs),
        types=dict(state.builder.types),
        original_weights=original_weights(graph),
    )
    return Lowering(program, values, (), program.nodes)


def _rule(op: Any) -> Callable[[State, str, Any], Value]:
    rule = RULES.get(type(op))
    if rule is None:
        raise ValueError("op type is not supported in a circuit")
    return rule


def _problem(name: str, op: Any, error: Exception) -> Problem:
    kind = type(op).__name__
    # Errors of helpers name their node already.
    return Problem(name, kind, str(error).removeprefix(f"{kind} '{name}': "))


def _tail(graph: Graph, name: str, tails: Tails) -> tuple[str, tuple[Step, ...]] | None:
    """Return the entry of a node that the host computes, None for one of the circuit."""
    op = graph.op(name)
    sources = graph.inputs(name)
    step = tail_step(op)
    if step is None:
        if tails.keys().isdisjoint(sources):
            return None
        step = move_step(op)
        if step is None:
            raise ValueError(
                "must not follow Softmax, Sigmoid or ArgMax; these are computed by the host, at "
                "the end of the model"
            )
    node, steps = tails.get(sources[0], (sources[0], ()))
    return node, (*steps, step)
