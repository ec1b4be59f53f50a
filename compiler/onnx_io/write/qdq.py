"""A graph as a QDQ model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from onnx import TensorProto, helper

from ...ir.graph import Graph
from ...ir.ops.input import Input
from ...ir.ops.tail import ArgMax
from .ops import write_op
from .writer import Writer

#: 16-bit codes exist since opset 21; onnxruntime reads IR version 10 since 1.18.
OPSET = 21
IR_VERSION = 10


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
        tensor = _unused(graph.tensor(name), tensors.values())
        tensors[name] = tensor
        if isinstance(op, Input):
            inputs.append(_info(tensor, graph.shape(name), TensorProto.FLOAT))
        else:
            write_op(writer, op, tuple(tensors[source] for source in graph.inputs(name)), tensor)
    outputs = []
    listed = [*graph.outputs, *((name, f"{tensors[name]}:value") for name in extra_outputs)]
    for name, output in listed:
        if output not in tensors.values() or tensors[name] != output:
            output = _unused(output, tensors.values())
            writer.node("Identity", (tensors[name],), output)
        kind = TensorProto.INT64 if isinstance(graph.op(name), ArgMax) else TensorProto.FLOAT
        outputs.append(_info(output, graph.shape(name), kind))
    body = helper.make_graph(writer.nodes, graph.name, inputs, outputs, writer.initializers)
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="sangi",
    )
    helper.set_model_props(model, dict(graph.metadata))
    return model


def _info(name: str, shape: tuple[int, ...], kind: int) -> Any:
    return helper.make_tensor_value_info(name, kind, ["N", *shape])


def _unused(name: str, taken: Iterable[str]) -> str:
    names = set(taken)
    candidate, number = name, 1
    while candidate in names:
        number += 1
        candidate = f"{name}_{number}"
    return candidate
