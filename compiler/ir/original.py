"""How many weights a network had when it was trained."""

from __future__ import annotations

from .graph import Graph
from .ops.conv import Conv
from .ops.dense import Dense

#: Key of a model's metadata; where it is missing, the model's own weights are counted.
ORIGINAL_WEIGHTS = "sangi.original_weights"


def original_weights(graph: Graph) -> int:
    """Return the number of weights from the metadata, else that of the Conv and Dense layers."""
    if ORIGINAL_WEIGHTS in graph.metadata:
        return int(graph.metadata[ORIGINAL_WEIGHTS])
    layers = (op for op in map(graph.op, graph.order()) if isinstance(op, Conv | Dense))
    return sum(int(layer.weight.size) for layer in layers)
