"""The layers of a graph as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..ir import ops as ir
from ..ir.graph import Graph
from ..ir.layers import layer_of
from ..lower.value import Value
from ..problems import Problem
from .widths import Layer, code_bits, is_ternary, macs, weight_bits

Where = Literal["circuit", "host", "refused", "unknown"]

#: What the host computes at the end of a model.
_TAIL = (ir.Softmax, ir.Sigmoid, ir.ArgMax)


@dataclass(frozen=True)
class Row:
    """A layer: an op, and what rescales, clamps, rounds or moves its results.

    Attributes
    ----------
    name : str
        The node in the file.
    op : str
        Its type there.
    nodes : tuple of str
        All of the layer, in the graph's order.
    shape : tuple of int, or None
        Of the result of one frame, channels last; None where it is not known.
    weight_bits : int or None
        2 if ternary; None without weights.
    input_bits, output_bits : int or None
        Of the activations; None where they are not quantized.
    ternary : bool or None
        Whether all weights are -1, 0 or +1; None without weights.
    macs, weights, nonzeros : int
        Multiply-accumulates of one frame, and parameters without biases.
    where : str
        ``circuit``, ``host``, ``refused``, or ``unknown``: behind something that is refused.
    engines : tuple of str
        That compute it, where the model can be mapped.
    problems : tuple of str
        What stands in its way.
    assumed : bool
        Whether widths are those that calibration gives: the file has none.
    """

    name: str
    op: str
    nodes: tuple[str, ...]
    shape: tuple[int, ...] | None
    weight_bits: int | None
    input_bits: int | None
    output_bits: int | None
    ternary: bool | None
    macs: int
    weights: int
    nonzeros: int
    where: Where
    engines: tuple[str, ...]
    problems: tuple[str, ...]
    assumed: bool = False


def layer_rows(
    graph: Graph,
    values: Mapping[str, Value | None],
    problems: Sequence[Problem],
    engines: Mapping[str, tuple[str, ...]],
    kinds: Mapping[str, str],
) -> tuple[Row, ...]:
    """Return a row for every layer, those at the end that have no known shape.

    Parameters
    ----------
    graph : Graph
    values : mapping of node name to Value, or None
        What lowering made of the nodes.
    problems : sequence of Problem
    engines : mapping of layer to names
        See ``layer_engines``; empty where the model cannot be mapped.
    kinds : mapping of node to op type
        As the file has them.
    """
    members: dict[str, list[str]] = {}
    for name in graph.order():
        members.setdefault(layer_of(graph, name), []).append(name)
    rows, told = [], set()
    for layer, nodes in members.items():
        own = [problem for problem in problems if _belongs(problem.node, nodes)]
        told.update(own)
        kind = kinds.get(layer, type(graph.op(layer)).__name__)
        rows.append(_row(graph, layer, kind, nodes, values, own, engines.get(layer, ())))
    lost: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        if problem.node and problem not in told:
            lost.setdefault((problem.node, problem.op), []).append(problem.text)
    return (*rows, *(_unread(name, op, texts) for (name, op), texts in lost.items()))


def _row(
    graph: Graph,
    layer: str,
    kind: str,
    nodes: list[str],
    values: Mapping[str, Value | None],
    problems: Sequence[Problem],
    engines: tuple[str, ...],
) -> Row:
    op = graph.op(layer)
    return Row(
        layer,
        kind,
        tuple(nodes),
        graph.shape(layer),
        weight_bits(op) if isinstance(op, Layer) else None,
        _widest(code_bits(graph, source) for source in graph.inputs(layer)),
        code_bits(graph, nodes[-1]),
        is_ternary(op) if isinstance(op, Layer) else None,
        macs(graph, layer),
        int(op.weight.size) if isinstance(op, Layer) else 0,
        int(np.count_nonzero(op.weight)) if isinstance(op, Layer) else 0,
        _where(op, values.get(layer) is not None, bool(problems)),
        engines,
        tuple(problem.text for problem in problems),
    )


def _where(op: ir.Op, lowered: bool, refused: bool) -> Where:
    if refused:
        return "refused"
    if isinstance(op, _TAIL):
        return "host"
    return "circuit" if lowered else "unknown"


def _unread(name: str, op: str, texts: list[str]) -> Row:
    bits = (None, None, None, None)
    return Row(name, op, (name,), None, *bits, 0, 0, 0, "refused", (), tuple(texts))


def _belongs(node: str, nodes: Iterable[str]) -> bool:
    """Whether a node of the file is among nodes of the graph, named after those of the file."""
    return any(name == node or name.startswith(f"{node}/") for name in nodes)


def _widest(widths: Iterable[int | None]) -> int | None:
    return max((bits for bits in widths if bits is not None), default=None)
