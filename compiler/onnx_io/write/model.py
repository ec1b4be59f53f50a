"""What every model that is written has around its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import TensorProto, helper

from ...ir.graph import Graph
from ...ir.ops.reshape import Reshape
from ...ir.ops.tail import ArgMax
from ...ir.ops.transpose import Transpose
from .writer import Writer

#: 16-bit codes exist since opset 21; onnxruntime reads IR version 10 since 1.18.
OPSET = 21
IR_VERSION = 10


def as_model(graph: Graph, writer: Writer, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
    """Return an onnx.ModelProto of what was written, with the graph's name and metadata."""
    body = helper.make_graph(writer.nodes, graph.name, inputs, outputs, writer.initializers)
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="sangi",
    )
    helper.set_model_props(model, dict(graph.metadata))
    return model


def tensor_info(graph: Graph, node: str, name: str, shape: tuple[int, ...]) -> Any:
    """Return the onnx.ValueInfoProto of an input or output: frames of ``shape``, a free batch."""
    while isinstance(graph.op(node), Transpose | Reshape):
        (node,) = graph.inputs(node)
    kind = TensorProto.INT64 if isinstance(graph.op(node), ArgMax) else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, ["N", *shape])
