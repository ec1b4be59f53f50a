"""A graph as a QDQ model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...ir.graph import Graph
from ...ir.ops.input import Input
from .model import as_model, tensor_info, unused_name
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
    writer = Writer()
    tensors: dict[str, str] = {}
    inputs = []
    for name in graph.order():
        op = graph.op(name)
        tensor = unused_name(graph.tensor(name), tensors.values())
        tensors[name] = tensor
        if isinstance(op, Input):
            inputs.append(tensor_info(graph, name, tensor, graph.shape(name)))
        else:
            write_op(writer, op, tuple(tensors[source] for source in graph.inputs(name)), tensor)
    outputs = []
    listed = [*graph.outputs, *((name, f"{tensors[name]}:value") for name in extra_outputs)]
    for name, output in listed:
        if output not in tensors.values() or tensors[name] != output:
            output = unused_name(output, tensors.values())
            writer.node("Identity", (tensors[name],), output)
        outputs.append(tensor_info(graph, name, output, graph.shape(name)))
    return as_model(graph, writer, inputs, outputs)
