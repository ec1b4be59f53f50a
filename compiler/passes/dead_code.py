"""The pass dead-code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import networkx as nx

from ..ir.graph import Graph
from ..ir.ops.input import Input
from .base import Pass


@dataclass(frozen=True)
class DeadCode(Pass):
    """Remove what no output depends on; inputs stay.

    ``x -> Relu -> y; x -> MaxPool -> (nobody)`` becomes ``x -> Relu -> y``.
    """

    name: ClassVar[str] = "dead-code"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph of the outputs' ancestors."""
        alive = {node for node, _ in graph.outputs}
        alive.update(name for name in graph.order() if isinstance(graph.op(name), Input))
        for node, _ in graph.outputs:
            alive |= nx.ancestors(graph.net, node)
        net = graph.net.subgraph(alive).copy()
        return Graph(graph.name, net, graph.outputs, graph.metadata)
