"""Executes an ONNX model as it stands in its file, in exact rational arithmetic.

An oracle: slow, simple, and made of nothing that the compiler uses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import arithmetic, codes, linear, pooling, qonnx, shapes
from .call import Call
from .numbers import Exact, Ties, exact

Function = Callable[[Call], Exact]

STANDARD: Mapping[str, Function] = {
    "Add": arithmetic.add,
    "AveragePool": pooling.average_pool,
    "BatchNormalization": arithmetic.batch_normalization,
    "Clip": arithmetic.clip,
    "Conv": linear.conv,
    "DequantizeLinear": codes.dequantize_linear,
    "Div": arithmetic.div,
    "Flatten": shapes.flatten,
    "Gemm": linear.gemm,
    "GlobalAveragePool": pooling.global_average_pool,
    "Identity": shapes.identity,
    "MatMul": linear.matmul,
    "MaxPool": pooling.max_pool,
    "Mul": arithmetic.mul,
    "Pad": shapes.pad,
    "QLinearConv": codes.qlinear_conv,
    "QLinearMatMul": codes.qlinear_matmul,
    "QuantizeLinear": codes.quantize_linear,
    "ReduceMean": pooling.reduce_mean,
    "Relu": arithmetic.relu,
    "Reshape": shapes.reshape,
    "Slice": shapes.slice_,
    "Squeeze": shapes.squeeze,
    "Sub": arithmetic.sub,
    "Transpose": shapes.transpose,
    "Unsqueeze": shapes.unsqueeze,
}

#: Ops that the standard does not have; real files keep them in many domains.
CUSTOM: Mapping[str, Function] = {
    "BipolarQuant": qonnx.bipolar_quant,
    "MultiThreshold": qonnx.multi_threshold,
    "QGemm": codes.qgemm,
    "QLinearAdd": codes.qlinear_add,
    "QLinearAveragePool": codes.qlinear_average_pool,
    "QLinearGlobalAveragePool": codes.qlinear_global_average_pool,
    "Quant": qonnx.quant,
    "Trunc": qonnx.trunc,
}

CHANNELS_LAST: Mapping[str, Function] = {
    "BatchNormalization": qonnx.channels_last(arithmetic.batch_normalization, 1),
    "Conv": qonnx.channels_last(linear.conv, 2),
    "MaxPool": qonnx.channels_last(pooling.max_pool, 1),
}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model gives.

    Attributes
    ----------
    outputs : mapping of output name to Exact
    ties : int
        Decisions of quantizers that fell on a tie or on a threshold.
    """

    outputs: Mapping[str, Exact]
    ties: int


def evaluate(model: onnx.ModelProto, x: Any) -> Evaluation:
    """Execute a model with one input; its nodes must be in order.

    Parameters
    ----------
    model : onnx.ModelProto
    x : array of numbers (N, …)
        In the model's own layout; every number is taken exactly as it is.

    Raises
    ------
    NearTie
        If a decision of a quantizer depends on more digits of a square root than there are.
    """
    constants = {tensor.name for tensor in model.graph.initializer}
    (name,) = (value.name for value in model.graph.input if value.name not in constants)
    values: dict[str, Exact] = {name: exact(x)}
    kinds: dict[str, int] = {}
    for tensor in model.graph.initializer:
        values[tensor.name] = exact(numpy_helper.to_array(tensor))
        kinds[tensor.name] = tensor.data_type
    opset = max((e.version for e in model.opset_import if e.domain in ("", "ai.onnx")), default=1)
    ties = Ties()
    for node in model.graph.node:
        options = _options(node)
        if node.op_type == "Constant":
            array = np.asarray(next(iter(options.values())))
            values[node.output[0]] = exact(array)
            kinds[node.output[0]] = helper.np_dtype_to_tensor_dtype(array.dtype)
            continue
        call = Call(
            tuple(values[source] if source else None for source in node.input),
            tuple(kinds.get(source, TensorProto.UNDEFINED) for source in node.input),
            options,
            opset,
            ties,
        )
        values[node.output[0]] = _function(node)(call)
    return Evaluation({out.name: values[out.name] for out in model.graph.output}, ties.count)


def _function(node: onnx.NodeProto) -> Function:
    if node.domain == "qonnx.custom_op.channels_last":
        return CHANNELS_LAST[node.op_type]
    return CUSTOM.get(node.op_type) or STANDARD[node.op_type]


def _options(node: onnx.NodeProto) -> dict[str, Any]:
    options = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, TensorProto):
            value = numpy_helper.to_array(value)
        options[attribute.name] = value
    return options
