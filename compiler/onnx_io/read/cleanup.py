"""Folding of shape arithmetic and constants by onnxscript, with quantizers left alone."""

from __future__ import annotations

from typing import Any

import onnx

from .formats import find_handler

#: Their exact meaning is the compiler's: constants behind them are not folded.
_QUANTIZERS = frozenset(
    {"QuantizeLinear", "DequantizeLinear", "Quant", "IntQuant", "BipolarQuant", "Trunc"}
)
#: Op types of other domains whose output has the shape and type of their first input.
_KEEP_SHAPE = _QUANTIZERS - {"QuantizeLinear", "DequantizeLinear"} | {"MultiThreshold"}
#: Shapes behind a folded Reshape are found in the next round.
_MAX_ROUNDS = 8


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

    Quantizers stay. onnxscript leaves ConstantOfShape unless it is asked for.
    """
    # onnxscript takes a second to import and most models need no clean-up.
    from onnxscript import optimizer

    # Up to IR version 3 initializers are inputs as well and would count as variable.
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    # The IR version of files says nothing about their content, but gates the tools.
    model.ir_version = max(model.ir_version, 8)
    _import_domains(model)

    def should_fold(node: Any) -> bool | None:
        if node.op_type in _QUANTIZERS:
            return False
        return True if node.op_type in ("ConstantOfShape", "Constant") else None

    for _ in range(_MAX_ROUNDS):
        count = len(model.graph.node)
        try:
            _infer_shapes(model)
        except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
            # Ops of unknown domains: whoever translates the nodes names them to the user.
            return model
        optimizer.fold_constants(model, should_fold=should_fold, onnx_shape_inference=True)
        optimizer.remove_unused_nodes(model)
        if len(model.graph.node) == count:
            break
    return model


def _import_domains(model: Any) -> None:
    """Import every domain that a node uses: Brevitas used to forget its own."""
    known = {entry.domain for entry in model.opset_import}
    for domain in sorted({node.domain for node in model.graph.node} - known):
        model.opset_import.add(domain=domain, version=1)


def _infer_shapes(model: Any) -> None:
    """Write the shapes of all tensors into a model, through quantizers as well."""
    plain = type(model)()
    plain.CopyFrom(model)
    for node in plain.graph.node:
        if node.op_type in _KEEP_SHAPE:
            node.domain, node.op_type = "", "Identity"
            del node.input[1:]
            del node.attribute[:]
    plain = onnx.shape_inference.infer_shapes(plain, data_prop=True)
    del model.graph.value_info[:]
    model.graph.value_info.extend(plain.graph.value_info)
