"""Shapes and types of all tensors as ONNX infers them, through quantizers and past unknown ops."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import TensorProto

#: Quantizers of other domains: the output has the shape and type of the first input.
KEEP_SHAPE = frozenset({"Quant", "IntQuant", "BipolarQuant", "Trunc", "MultiThreshold"})

#: Op types that round to integers, of any domain.
QUANTIZERS = KEEP_SHAPE | {"QuantizeLinear", "DequantizeLinear"}

#: Element types of real numbers.
FLOATS = frozenset(
    {TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE}
)


def inferred_shapes(model: Any) -> tuple[Any, ...]:
    """Return ``onnx.ValueInfoProto`` of the tensors whose shapes are known, outputs included.

    What the file itself declares counts only where the standard says nothing: it may be wrong.

    Parameters
    ----------
    model : onnx.ModelProto
        Stays as it is.
    """
    known = type(model)()
    known.CopyFrom(model)
    for node in known.graph.node:
        if node.op_type in KEEP_SHAPE:
            node.domain, node.op_type = "", "Identity"
            del node.input[1:]
            del node.attribute[:]
    # The inference knows the standard, and stops at what it does not know.
    standard = [node for node in known.graph.node if onnx.defs.has(node.op_type, node.domain)]
    del known.graph.node[:]
    known.graph.node.extend(standard)
    made = {name for node in standard for name in node.output}
    declared = [value for value in known.graph.value_info if value.name not in made]
    del known.graph.value_info[:]
    known.graph.value_info.extend(declared)
    for value in known.graph.output:
        if value.name in made and value.type.HasField("tensor_type"):
            value.type.tensor_type.ClearField("shape")
    try:
        graph = onnx.shape_inference.infer_shapes(known, data_prop=True).graph
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
        graph = known.graph
    return (*graph.value_info, *graph.output)


def integer_tensors(model: Any) -> frozenset[str]:
    """Return the names of the tensors of integers, as far as ONNX infers them."""
    real = {name for node in model.graph.node if node.op_type in KEEP_SHAPE for name in node.output}
    return frozenset(
        value.name
        for value in (*model.graph.input, *inferred_shapes(model))
        if value.type.tensor_type.elem_type not in {*FLOATS, TensorProto.UNDEFINED}
        and value.name not in real
    )
