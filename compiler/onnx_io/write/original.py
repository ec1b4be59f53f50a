"""A graph as a QDQ model in the layout of the file that it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...ir.graph import Graph
from ...ir.ops.batchnorm import BatchNorm
from ...ir.ops.dense import Dense
from ...ir.ops.input import Input
from ...ir.ops.reshape import Reshape
from ...ir.ops.transpose import Transpose
from .model import as_model, tensor_info
from .ops import write_op
from .orders import Order, flatten_as_written, is_flat, on_written_axes, written_orders
from .writer import Writer


def write_original(graph: Graph) -> Any:
    """Write a graph with the inputs and outputs of its file, images channels first in between.

    Transposes stand only where the layout of an input or output asks for them, or elements meet
    in another order than they are written in. Nodes have the names of the graph's; the batch axis
    is free.

    Parameters
    ----------
    graph : Graph
        Channels last; every number that is not a code is one of float32.

    Returns
    -------
    onnx.ModelProto
        Inputs and outputs have the graph's names, shapes and layouts; ``metadata`` is kept.

    Raises
    ------
    UnsupportedError
        If a quantizer does not round as QuantizeLinear does.
    """
    graph = flatten_as_written(graph)
    tensors = _Tensors(graph)
    for name in graph.order():
        _write_node(tensors, name)
    for node, output in graph.outputs:
        tensors.give(node, output)
    inputs = [
        tensor_info(graph, name, op.name, op.shape)
        for name in graph.order()
        if isinstance(op := graph.op(name), Input)
    ]
    outputs = [tensor_info(graph, node, name, graph.shape(node)) for node, name in graph.outputs]
    return as_model(graph, tensors.writer, inputs, outputs)


class _Tensors:
    """The tensors of the file: which one holds a node's values, and in which order of axes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.orders = written_orders(graph)
        self._held: dict[tuple[str, Order], str] = {}
        self._outputs = _names_of_outputs(graph, self.orders)
        ops = (graph.op(name) for name in graph.order())
        ends = [op.name for op in ops if isinstance(op, Input)]
        ends += [output for _, output in graph.outputs]
        self.writer = Writer([*ends, *map(graph.tensor, graph.order())], ends)

    def new(self, name: str) -> str:
        """Return a name for the tensor that a node makes: the output's that it is, if any."""
        if name in self._outputs:
            return self._outputs[name]
        return self.writer.tensor(self.graph.tensor(name))

    def put(self, name: str, tensor: str) -> None:
        """Say which tensor holds a node's values in the order in which they are written."""
        self._held[name, self.orders[name]] = tensor

    def get(self, name: str, order: Order | None = None) -> str:
        """Return a tensor with a node's values in an order of axes: as they are by default."""
        have = self.orders[name]
        order = have if order is None else order
        if (name, order) not in self._held:
            source = self._held[name, have]
            tensor = self.writer.part(f"{source}:{''.join(map(str, order))}")
            self._held[name, order] = self._transposed(source, have, order, tensor)
        return self._held[name, order]

    def give(self, name: str, output: str) -> None:
        """Make sure that an output has its name, with the axes in the graph's order."""
        have, order = self.orders[name], tuple(range(len(self.orders[name])))
        source = self._held[name, have]
        if have != order:
            self._transposed(source, have, order, output)
        elif source != output:
            self.writer.node("Identity", (source,), output)

    def _transposed(self, source: str, have: Order, want: Order, output: str) -> str:
        perm = [0, *(1 + have.index(axis) for axis in want)]
        return self.writer.node("Transpose", (source,), output, perm=perm)


def _names_of_outputs(graph: Graph, orders: Mapping[str, Order]) -> Mapping[str, str]:
    """Return the nodes that make outputs just as they are written, with the outputs' names."""
    names: dict[str, str] = {}
    for node, output in graph.outputs:
        if orders[node] == tuple(range(len(orders[node]))):
            while isinstance(graph.op(node), Transpose):
                (node,) = graph.inputs(node)
            if not isinstance(graph.op(node), Input):
                names.setdefault(node, output)
    return names


def _write_node(tensors: _Tensors, name: str) -> None:
    graph, writer = tensors.graph, tensors.writer
    op, sources, order = graph.op(name), graph.inputs(name), tensors.orders[name]
    if isinstance(op, Input):
        tensor = op.name
        if op.layout == "N" and len(op.shape) > 1:
            tensor = tensors.new(name)
            write_op(writer, Reshape(graph.shape(name)), (op.name,), tensor)
        tensors.put(name, tensor)
        return
    if isinstance(op, Transpose):
        tensors.put(name, tensors.get(sources[0]))
        return
    shape, wanted = graph.shape(sources[0]), tensors.orders[sources[0]]
    if isinstance(op, Reshape | Dense):
        if not is_flat(shape, wanted):
            wanted = tuple(range(len(shape)))
    elif len(order) == len(shape):
        # What an ArgMax reads that drops its axis stays as it is.
        wanted = order
    inputs = tuple(tensors.get(source, wanted) for source in sources)
    tensor = tensors.new(name)
    channel = len(shape) - 1
    if isinstance(op, BatchNorm) and wanted[0] == channel:
        _batch_norm(writer, op, shape[-1], inputs, tensor)
    else:
        behind = channel - wanted.index(channel) if shape else 0
        write_op(writer, on_written_axes(op, wanted), inputs, tensor, behind)
    writer.name_last(name)
    tensors.put(name, tensor)


def _batch_norm(
    writer: Writer, op: BatchNorm, channels: int, inputs: tuple[str, ...], output: str
) -> None:
    """Write a BatchNormalization with mean 0, variance 1 and epsilon 0: nothing is rounded."""
    numbers = {
        "gamma": [float(scale) for scale in op.scale],
        "beta": [float(shift) for shift in op.shift],
        "mean": [0.0],
        "variance": [1.0],
    }
    constants = [
        writer.constant(
            f"{output}:{what}", np.array(np.broadcast_to(values, (channels,)), np.float32)
        )
        for what, values in numbers.items()
    ]
    writer.node("BatchNormalization", (*inputs, *constants), output, epsilon=0.0)
