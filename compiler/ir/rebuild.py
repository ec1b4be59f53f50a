"""Making a new graph of an old one, node by node."""

from __future__ import annotations

from collections.abc import Callable

from .graph import Graph, GraphBuilder
from .ops.base import Op

#: From the new graph so far, a node's old name, its op, and what stands for its inputs in the
#: new graph, to what stands for the node itself there.
Visit = Callable[[GraphBuilder, str, Op, tuple[str, ...]], str]


def rebuild(graph: Graph, visit: Visit) -> Graph:
    """Return the graph that ``visit`` makes of every node, in order.

    What nothing reads any more is left in; the pass ``dead-code`` removes it.
    """
    builder = GraphBuilder(graph.name, graph.metadata)
    stands_for: dict[str, str] = {}
    for name in graph.order():
        inputs = tuple(stands_for[source] for source in graph.inputs(name))
        stands_for[name] = visit(builder, name, graph.op(name), inputs)
    return builder.build((stands_for[node], output) for node, output in graph.outputs)


def only_consumer(graph: Graph, name: str) -> str | None:
    """Return the one node that reads ``name``; None if there are others or it is an output."""
    consumers = graph.consumers(name)
    return consumers[0][0] if len(consumers) == 1 and not graph.is_output(name) else None
