"""A graph as a QDQ model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...ir.graph import Graph
from ...ir.ops.input import Input
from .model import as_model, tensor_info
from .ops import write_op
from .writer import Writer


def write_model(graph: Graph, extra_outputs: Iterable[str] = ()) -> Any:
    """Write a graph with a free batch axis.

    The model's input is channels last, as the graph's is, whatever layout the original had; its
    tensors are float32 and carry the graph's tensor names.

    Parameters
    ----------
    graph : Graph
    extra_outputs : names of nodes
        Their tensors become outputs as well.

    Returns
    -------
    onnx.ModelProto
        Outputs are the graph's, under their own names, then the extra ones.
    """
    names = [graph.tensor(name) for name in graph.order()]
    writer = Writer((*names, *(output for _, output in graph.outputs)))
    tensors: dict[str, str] = {}
    inputs = []
    for name in graph.order():
        op = graph.op(name)
        tensor = writer.tensor(graph.tensor(name))
        tensors[name] = tensor
        if isinstance(op, Input):
            inputs.append(tensor_info(graph, name, tensor, graph.shape(name)))
        else:
            write_op(writer, op, tuple(tensors[source] for source in graph.inputs(name)), tensor)
    outputs = []
    listed = [*graph.outputs, *((name, f"{tensors[name]}:value") for name in extra_outputs)]
    for name, output in listed:
        if tensors[name] != output:
            output = writer.tensor(output)
            writer.node("Identity", (tensors[name],), output)
        outputs.append(tensor_info(graph, name, output, graph.shape(name)))
    return as_model(graph, writer, inputs, outputs)
