"""Which layers suffer most from coarse weights: first and last ones, and depthwise ones."""

from __future__ import annotations

import networkx as nx

from ..ir.graph import Graph
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense


def edge_layers(graph: Graph) -> tuple[str, ...]:
    """Return the layers without a layer before or behind them, and depthwise convolutions.

    None where these are all layers: then none is special.
    """
    layers = _layers(graph)
    found = tuple(name for name in layers if _is_edge(graph, name, set(layers)))
    return () if len(found) == len(layers) else found


def body_layers(graph: Graph) -> tuple[str, ...]:
    """Return all other layers."""
    edges = edge_layers(graph)
    return tuple(name for name in _layers(graph) if name not in edges)


def _layers(graph: Graph) -> tuple[str, ...]:
    return tuple(name for name in graph.order() if isinstance(graph.op(name), Conv | Dense))


def _is_edge(graph: Graph, name: str, layers: set[str]) -> bool:
    op = graph.op(name)
    if isinstance(op, Conv) and op.groups > 1 and op.weight.shape[-1] == 1:
        return True
    before, behind = nx.ancestors(graph.net, name), nx.descendants(graph.net, name)
    return not (layers & before and layers & behind)
