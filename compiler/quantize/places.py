"""Where a float graph gets quantizers."""

from __future__ import annotations

from ..ir.graph import Graph
from ..ir.ops.add import Add
from ..ir.ops.affine import Affine
from ..ir.ops.averagepool import AveragePool
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.clip import Clip
from ..ir.ops.concat import Concat
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..ir.ops.input import Input
from ..ir.ops.maxpool import MaxPool
from ..ir.ops.pad import Pad
from ..ir.ops.relu import Relu
from ..ir.ops.reshape import Reshape
from ..ir.ops.slice import Slice
from ..ir.ops.tail import ArgMax, Sigmoid, Softmax
from ..ir.ops.transpose import Transpose
from ..ir.rebuild import only_consumer
from ..passes.quantizers import is_quantized, open_inputs

_CHAINED = (Relu, Clip, Affine, BatchNorm)
_MOVES = (Concat, MaxPool, Reshape, Transpose, Slice, Pad)
_TAIL = (Concat, Softmax, Sigmoid, ArgMax, Reshape, Transpose)


def quantized_nodes(graph: Graph) -> tuple[str, ...]:
    """Return the nodes behind which a quantizer is put, in order; none where nothing is missing.

    These are the input (behind its normalization), and the last of the Relus and constants behind
    every Conv, Dense, Add and AveragePool. A value that only reaches outputs through host ops
    stays unquantized: the host gets the exact accumulator. A graph with quantizers gets one for an
    input that lacks it (QKeras leaves that to the board) and nothing else.
    """
    if is_quantized(graph):
        return tuple(_end_of_input(graph, name) for name in open_inputs(graph))
    places: list[str] = []
    for name in graph.order():
        op = graph.op(name)
        if isinstance(op, Input):
            places.append(_end_of_input(graph, name))
        elif isinstance(op, Conv | Dense | Add | AveragePool) or _stands_alone(graph, name):
            last = _end_of_chain(graph, name)
            if not _only_tail(graph, last):
                places.append(last)
    return tuple(places)


def _end_of_input(graph: Graph, name: str) -> str:
    """Return the last of the constants that normalize an input; subtracted and divided, say."""
    while (reader := only_consumer(graph, name)) is not None and isinstance(
        graph.op(reader), Affine
    ):
        name = reader
    return name


def _end_of_chain(graph: Graph, name: str) -> str:
    while (reader := only_consumer(graph, name)) is not None and isinstance(
        graph.op(reader), _CHAINED
    ):
        name = reader
    return name


def _stands_alone(graph: Graph, name: str) -> bool:
    """Whether constants are applied to a quantized value (not right behind a layer)."""
    if not isinstance(graph.op(name), Affine | BatchNorm):
        return False
    (source,) = graph.inputs(name)
    if isinstance(graph.op(source), Input):
        return _end_of_input(graph, source) == source
    return isinstance(graph.op(source), _MOVES) or (only_consumer(graph, source) is None)


def _only_tail(graph: Graph, name: str) -> bool:
    """Whether everything behind a node is the host's."""
    for reader, _ in graph.consumers(name):
        op = graph.op(reader)
        if not isinstance(op, _TAIL) or not _only_tail(graph, reader):
            return False
    return graph.is_output(name) or bool(graph.consumers(name))
