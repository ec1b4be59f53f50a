"""From an ONNX file to a graph: the format is chosen, every node is translated or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from onnx import numpy_helper

from ....runtime.errors import ModelError, UnsupportedError
from ...ir.graph import Graph, GraphBuilder
from ...ir.ops.input import Input
from ...ir.ops.reshape import Reshape
from .cleanup import fold_constants, needs_cleanup
from .float import FLOAT_HANDLERS
from .inputs import input_sizes, model_input, with_input_shape
from .model import open_model, opset
from .qdq import QDQ_HANDLERS
from .reader import Handler, Reader, Refusal, attributes, is_refused, node_name
from .values import Constant, Refused, Tensor

#: What may stand in place of an op that is refused.
HINTS: Mapping[str, str] = {
    "LeakyRelu": "use Relu",
    "PRelu": "use Relu",
    "Elu": "use Relu",
    "HardSwish": "use Relu",
    "Concat": "use Add",
    "Upsample": "use strided layers only",
    "Resize": "use strided layers only",
    "LayerNormalization": "use BatchNormalization",
    "InstanceNormalization": "use BatchNormalization",
    "ReduceSum": "use GlobalAveragePool",
    "GlobalMaxPool": "use MaxPool with the frame as kernel_shape",
    "Quant": "export the model as QDQ",
    "BipolarQuant": "export the model as QDQ",
    "QLinearConv": "export the model as QDQ",
    "QLinearMatMul": "export the model as QDQ",
    "ConvInteger": "export the model as QDQ",
    "DynamicQuantizeLinear": "quantize statically (QDQ with calibrated scales)",
    "Slice": "use a 1x1 Conv with stride in shortcuts (option B of ResNet)",
    "Pad": "use the pads of Conv; in shortcuts use a 1x1 Conv (option B of ResNet)",
}


def read_graph(path: str | Path, input_shape: Sequence[int] | None = None) -> Graph:
    """Read a float or QDQ model.

    Spatial ops of the result are channels last and stand between Transposes that bring the
    file's layout there and back: the pass ``channels-last`` takes them away.

    Parameters
    ----------
    path : str or Path
    input_shape : sequence of int, optional
        Replaces the shape of the input, batch included.

    Raises
    ------
    UsageError, ModelError
        As ``open_model``; ModelError also for numbers that are not finite.
    UnsupportedError
        Once, for all nodes that cannot be mapped.
    """
    model = with_input_shape(open_model(path), input_shape)
    quantized = any(
        node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in model.graph.node
    )
    handlers = QDQ_HANDLERS if quantized else FLOAT_HANDLERS
    if needs_cleanup(model, handlers):
        model = fold_constants(model)
    sizes = input_sizes(model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    reader = Reader(GraphBuilder(Path(path).stem, metadata), sizes[0], opset(model))
    _add_constants(reader, model)
    _add_input(reader, model_input(model).name, sizes[1:])
    problems = [_translate(reader, handlers, node) for node in model.graph.node]
    lines = [problem for problem in problems if problem is not None]
    if lines:
        count = "1 node" if len(lines) == 1 else f"{len(lines)} nodes"
        raise UnsupportedError(
            "\n".join(
                [
                    f"{Path(path).name} holds {count} that cannot be mapped to a circuit:",
                    *lines,
                    f"  supported op types: {', '.join(sorted(QDQ_HANDLERS))}",
                ]
            )
        )
    return reader.builder.build(_outputs(reader, model)).verify()


def _translate(reader: Reader, handlers: Mapping[str, Handler], node: Any) -> str | None:
    """Translate one node; return a line of the error message where that cannot be done."""
    problem = None
    if node.op_type == "Constant":
        _constant(reader, node)
        return None
    if node.domain not in ("", "ai.onnx") or node.op_type not in handlers:
        domain = f"{node.domain}." if node.domain not in ("", "ai.onnx") else ""
        hint = f"; {HINTS[node.op_type]}" if node.op_type in HINTS else ""
        problem = f"op type {domain}{node.op_type} is not supported{hint}"
    elif not is_refused(reader.values.get(name) for name in node.input):
        try:
            handlers[node.op_type](reader, node)
            return None
        except Refusal as refusal:
            problem = str(refusal)
    for name in node.output:
        reader.values[name] = Refused()
    return None if problem is None else f"  {node.op_type} '{node_name(node)}': {problem}"


def _add_constants(reader: Reader, model: Any) -> None:
    used: dict[str, str] = {}
    for node in model.graph.node:
        for name in node.input:
            used.setdefault(name, f"{node.op_type} '{node_name(node)}'")
    for tensor in model.graph.initializer:
        if tensor.name not in used:
            continue
        try:
            array = numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            raise ModelError(
                f"initializer '{tensor.name}' of {used[tensor.name]} is damaged: {error}"
            ) from error
        reader.values[tensor.name] = Constant(_finite(array, tensor.name, used[tensor.name]))


def _constant(reader: Reader, node: Any) -> None:
    value = next(iter(attributes(node).values()), None)
    if value is None:
        raise ModelError(f"Constant '{node_name(node)}' must hold a value")
    array = _finite(np.asarray(value), node.output[0], f"Constant '{node_name(node)}'")
    reader.values[node.output[0]] = Constant(array)


def _finite(array: Any, name: str, where: str) -> Any:
    if array.dtype.kind == "f":
        wrong = array[~np.isfinite(array)]
        # Clip writes its missing limits as infinities.
        if wrong.size and not (where.startswith("Clip") and not np.isnan(wrong).any()):
            raise ModelError(
                f"initializer '{name}' of {where} must hold finite numbers, not "
                f"{wrong.reshape(-1)[0]} ({wrong.size} of {array.size} elements)"
            )
    return array


def _add_input(reader: Reader, name: str, frame: tuple[int, ...]) -> None:
    # NHWC means "as declared" here; the pass channels-last finds out which layout it is.
    layout: Literal["NHWC", "N"] = "NHWC" if len(frame) == 3 else "N"
    node = reader.builder.add(name, Input(name, frame, layout), (), name)
    if len(frame) not in (1, 3):
        node = reader.builder.add(f"{name}/shape", Reshape(frame), [node])
    reader.values[name] = Tensor(node)


def _outputs(reader: Reader, model: Any) -> list[tuple[str, str]]:
    outputs = []
    for output in model.graph.output:
        value = reader.values.get(output.name)
        if not isinstance(value, Tensor):
            raise UnsupportedError(
                f"output '{output.name}' must be a real-valued activation; "
                "end the model with DequantizeLinear"
            )
        outputs.append((value.node, output.name))
    return outputs
