"""Models of QONNX and FINN ops, executed node by node with the definitions of the package qonnx."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import defs, helper, numpy_helper

from ...runtime.errors import ToolError
from ..execute.runtime import quiet_onnxruntime
from ..onnx_io.read.versions import STANDARD, opset
from .standard import IR_VERSION, executed, opened

Array = npt.NDArray[Any]
Context = dict[str, Array]

_GENERAL = "qonnx.custom_op.general"
_CHANNELS_LAST = "qonnx.custom_op.channels_last"
_OLDER_MAX_POOL = "MaxPoolNHWC"


def qonnx_runner(
    model: Any, feed: str, wanted: Sequence[str]
) -> Callable[[Array], Mapping[str, Array]]:
    """Return the execution of a model with QONNX ops.

    qonnx's own loop opens a session a node and a frame, and writes models of the newest IR
    version, which ONNX Runtime may not know; here sessions stay open.

    Parameters are those of ``standard_runner``.

    Raises
    ------
    ToolError
        If the package qonnx is missing or does not know an op.
    """
    constants = {tensor.name: _array(tensor) for tensor in model.graph.initializer}
    steps = []
    for node in model.graph.node:
        step = _step(node, model)
        if all(name in constants for name in node.input if name):
            step(constants)
        else:
            steps.append(step)

    def run(x: Array) -> dict[str, Array]:
        context: Context = {**constants, feed: x}
        for step in steps:
            step(context)
        return {name: context[name] for name in wanted}

    return run


def _step(node: Any, model: Any) -> Callable[[Context], None]:
    if node.domain == _CHANNELS_LAST or node.op_type == _OLDER_MAX_POOL:
        return _channels_last(node, opset(model))
    if node.domain in STANDARD and defs.has(node.op_type, domain=""):
        return _standard(node, opset(model))
    return _custom(node, model)


def _custom(node: Any, model: Any) -> Callable[[Context], None]:
    quiet_onnxruntime()  # qonnx imports it
    try:
        from qonnx.custom_op.registry import getCustomOp
    except ImportError as error:
        raise ToolError(
            f"{node.op_type} '{node.name}' is executed by the package qonnx, which must be "
            "installed: pip install qonnx"
        ) from error
    copy = type(node)()
    copy.CopyFrom(node)
    # Files keep these ops in several domains; qonnx knows one.
    copy.domain = _GENERAL
    try:
        # Trunc has two versions, told apart by their inputs: imports are often missing.
        op = getCustomOp(copy, onnx_opset_version=2 if len(node.input) == 6 else 1)
    except Exception as error:  # KeyError, AttributeError, ImportError, by version
        raise ToolError(
            f"{node.op_type} '{node.name}': qonnx has no op {node.domain}.{node.op_type}"
        ) from error

    def step(context: Context) -> None:
        try:
            op.execute_node(context, model.graph)
        except Exception as error:  # whatever it meets
            raise ToolError(
                f"qonnx cannot execute {node.op_type} '{node.name}': {error}"
            ) from error

    return step


def _standard(node: Any, version: int) -> Callable[[Context], None]:
    sessions: dict[tuple[Any, ...], Any] = {}

    def step(context: Context) -> None:
        feed = {name: np.asarray(context[name]) for name in node.input if name}
        key = tuple((x.dtype, x.ndim) for x in feed.values())
        if key not in sessions:
            sessions[key] = opened(_single(node, feed, version))
        outputs = [name for name in node.output if name]
        context.update(zip(outputs, executed(sessions[key], outputs, feed), strict=True))

    return step


def _channels_last(node: Any, version: int) -> Callable[[Context], None]:
    """Return the standard op between transposes: qonnx defines its channels-last ops so."""
    plain = type(node)()
    plain.CopyFrom(node)
    plain.domain = ""
    # qonnx asks for the shape of this one's output; its meaning is the same.
    plain.op_type = plain.op_type.removesuffix("NHWC")
    inner = _standard(plain, version)
    moved = set(node.input[: 2 if node.op_type == "Conv" else 1])

    def step(context: Context) -> None:
        first = {
            name: np.moveaxis(context[name], -1, 1) if name in moved else context[name]
            for name in node.input
            if name
        }
        inner(first)
        context[node.output[0]] = np.moveaxis(first[node.output[0]], 1, -1)

    return step


def _single(node: Any, feed: Mapping[str, Array], version: int) -> Any:
    """Return a model of one node."""
    inputs = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(x.dtype), [None] * x.ndim
        )
        for name, x in feed.items()
    ]
    graph = helper.make_graph([node], "node", inputs, [])
    for name in node.output:
        if name:
            graph.output.add().name = name
    imports = [helper.make_opsetid("", version)]
    return helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION)


def _array(tensor: Any) -> Array:
    return np.asarray(numpy_helper.to_array(tensor))
