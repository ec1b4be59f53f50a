"""Whether a graph is quantized, and where it is not."""

from __future__ import annotations

from ..ir.graph import Graph
from ..ir.ops.add import Add
from ..ir.ops.averagepool import AveragePool
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..ir.ops.input import Input
from ..ir.ops.maxpool import MaxPool
from ..ir.ops.multithreshold import MultiThreshold
from ..ir.ops.quantize import Quantize

#: What takes integers only.
_TAKES_CODES = (Add, AveragePool, Conv, Dense, MaxPool, MultiThreshold)


def is_quantized(graph: Graph) -> bool:
    """Whether a graph holds quantizers."""
    return any(isinstance(graph.op(name), Quantize | MultiThreshold) for name in graph.order())


def open_inputs(graph: Graph) -> tuple[str, ...]:
    """Return the inputs that reach an op that takes integers without a quantizer between them."""
    inputs = (name for name in graph.order() if isinstance(graph.op(name), Input))
    return tuple(name for name in inputs if _is_open(graph, name))


def float_layers(graph: Graph) -> tuple[str, ...]:
    """Return the layers whose weights are real numbers."""
    layers = ((name, graph.op(name)) for name in graph.order())
    return tuple(
        name for name, op in layers if isinstance(op, Conv | Dense) and op.weight_scale is None
    )


def _is_open(graph: Graph, start: str) -> bool:
    waiting, seen = [start], {start}
    while waiting:
        for reader, _ in graph.consumers(waiting.pop()):
            op = graph.op(reader)
            if isinstance(op, _TAKES_CODES):
                return True
            if not isinstance(op, Quantize) and reader not in seen:
                seen.add(reader)
                waiting.append(reader)
    return False
