"""Folding of shape arithmetic and constants by onnxscript, with quantizers left alone."""

from __future__ import annotations

from typing import Any

import onnx

from .formats import find_handler

_QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")


def needs_cleanup(model: Any) -> bool:
    """Whether a model holds nodes that compute only from constants, or of unknown types."""
    constants = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant":
            constants.update(node.output)
        elif find_handler(node.domain, node.op_type) is None:
            return True
        elif node.op_type in _QUANTIZERS:
            continue
        elif all(name in constants for name in node.input if name):
            return True
    return False


def fold_constants(model: Any) -> Any:
    """Return a model in which everything that depends on constants and shapes is computed.

    QuantizeLinear and DequantizeLinear stay: their exact meaning is the compiler's. onnxscript
    leaves ConstantOfShape unless it is asked for.
    """
    # onnxscript takes a second to import and most models need no clean-up.
    from onnxscript import optimizer

    try:
        model = onnx.shape_inference.infer_shapes(model)
    except onnx.shape_inference.InferenceError:
        # Ops of unknown domains: whoever translates the nodes names them to the user.
        return model
    # Up to IR version 3 initializers are inputs as well and would count as variable.
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(inputs)

    def should_fold(node: Any) -> bool | None:
        if node.op_type in _QUANTIZERS:
            return False
        return True if node.op_type in ("ConstantOfShape", "Constant") else None

    optimizer.fold_constants(model, should_fold=should_fold, onnx_shape_inference=True)
    optimizer.remove_unused_nodes(model)
    return model
