"""Folding of shape arithmetic and constants by onnxscript, with quantizers left alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import onnx

from .formats import find_handler
from .shapes import QUANTIZERS, inferred_shapes

#: Ops that make much of little: a few numbers in a file must not fill the memory.
_GROWING = frozenset(
    {
        "AffineGrid",
        "BlackmanWindow",
        "CenterCropPad",
        "Col2Im",
        "ConstantOfShape",
        "ConvTranspose",
        "DFT",
        "Expand",
        "EyeLike",
        "GridSample",
        "HammingWindow",
        "HannWindow",
        "MaxUnpool",
        "MelWeightMatrix",
        "OneHot",
        "Pad",
        "Range",
        "Resize",
        "RoiAlign",
        "STFT",
        "Tile",
        "Upsample",
    }
)
#: Elements that a folded tensor may have.
_MAX_FOLDED = 1 << 22
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
        elif node.op_type in QUANTIZERS:
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
    # The IR version of a file says nothing about its content, but the tools obey it.
    model.ir_version = onnx.IR_VERSION
    _import_domains(model)

    def should_fold(node: Any) -> bool | None:
        if node.op_type in QUANTIZERS or _is_large(node):
            return False
        return True if node.op_type in ("ConstantOfShape", "Constant") else None

    for _ in range(_MAX_ROUNDS):
        count = len(model.graph.node)
        outputs = {value.name for value in model.graph.output}
        shapes = [value for value in inferred_shapes(model) if value.name not in outputs]
        del model.graph.value_info[:]
        model.graph.value_info.extend(shapes)
        try:
            with _quiet():
                optimizer.fold_constants(model, should_fold=should_fold, onnx_shape_inference=True)
        except (RuntimeError, ValueError):
            # It does not understand the file, and left it as it is: whoever translates the nodes
            # says what is wrong with them.
            return model
        with _quiet():
            optimizer.remove_unused_nodes(model)
        if len(model.graph.node) == count:
            break
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxscript's warnings about damaged nodes from the terminal: the reader names them."""
    loggers = [logging.getLogger(name) for name in ("onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _is_large(node: Any) -> bool:
    """Whether a node may make more elements than anybody means."""
    if node.op_type not in _GROWING:
        return False
    shape = node.outputs[0].shape
    sizes = None if shape is None else list(shape)
    if node.op_type == "ConstantOfShape" and node.inputs[0] is not None:
        value = node.inputs[0].const_value
        sizes = None if value is None else value.numpy().tolist()
    if sizes is None or not all(isinstance(size, int) for size in sizes):
        return True
    return bool(prod(sizes) > _MAX_FOLDED)


def _import_domains(model: Any) -> None:
    """Import every domain that a node uses: Brevitas used to forget its own."""
    known = {entry.domain for entry in model.opset_import}
    for domain in sorted({node.domain for node in model.graph.node} - known):
        model.opset_import.add(domain=domain, version=1)
