"""Every node of a graph after all passes holds the tensor of the file that its origin names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from sangi.compiler.execute.run import run_graph
from sangi.compiler.frontend import is_quantized
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.compiler.passes.pipeline import (
    FLOAT_PASSES,
    LAYOUT_PASSES,
    QUANTIZED_PASSES,
    run_passes,
)

from .onnx_models import Model


def tensors(path: Path, x: np.ndarray) -> dict[str, np.ndarray]:
    """Every tensor of the file, as ONNX Runtime computes it."""
    model = onnx.load(path)
    listed = {output.name for output in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name]
    for name in names:
        if name not in listed:
            model.graph.output.append(onnx.ValueInfoProto(name=name))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        onnx.shape_inference.infer_shapes(model).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    outputs = [output.name for output in session.get_outputs()]
    return {"x": x, **dict(zip(outputs, session.run(None, {"x": x}), strict=True))}


def checked(path: Path, x: np.ndarray) -> list[str]:
    """Compare every node that names a tensor of the file with it; return these tensors."""
    graph = run_passes(read_graph(path), LAYOUT_PASSES)
    graph = run_passes(graph, QUANTIZED_PASSES if is_quantized(graph) else FLOAT_PASSES)
    entry = next(op for op in map(graph.op, graph.order()) if isinstance(op, Input))
    values = run_graph(graph, x.transpose(0, 2, 3, 1) if entry.layout == "NCHW" else x)
    file = tensors(path, x)
    found = []
    for name in graph.order():
        origin = graph.origin(name)
        if origin.tensor in file:
            want = real(graph, name, file[origin.tensor]).reshape(len(x), -1)
            want = want if origin.places is None else want[:, origin.places]
            got = values[name].reshape(len(x), -1)
            assert got.shape == want.shape, (name, origin.tensor)
            far = np.abs(got - want) > 1e-3 * np.maximum(1, np.abs(want))
            # At ties of a quantizer, float32 may go the other way.
            assert far.mean() <= (0.002 if is_quantized(graph) else 0), (name, origin.tensor)
            found.append(origin.tensor)
    return found


def real(graph: Graph, name: str, tensor: np.ndarray) -> np.ndarray:
    """Values on the grid of a Quantize, where the file's tensor is its codes."""
    op = graph.op(name)
    if tensor.dtype.kind not in "iu" or not isinstance(op, Quantize):
        return tensor
    return (tensor.astype(np.float64) - int(op.zero_point[0])) * float(op.scale[0])


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(-99, 100, (6, *shape)).astype(np.float32) / 8


def names_of(model: Model) -> set[str]:
    return {name for node in model.nodes for name in node.output}


def float_network(model: Model) -> str:
    scale = model.constant(np.array([2, -1, 0.5], np.float32).reshape(3, 1, 1))
    x = model.conv(model.node("Mul", "x", scale), 6, 3, pads=[1] * 4)
    statistics = [model.constant(np.abs(model.normal(6)) + 0.5) for _ in range(4)]
    x = model.node("Relu", model.node("BatchNormalization", x, *statistics))
    left = model.conv(x, 6, 6, pads=[1] * 4)
    x = model.node("Add", left, x)
    x = model.node("Relu", model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))
    x = model.node("Flatten", x)
    x = model.node("Mul", x, model.constant(model.normal(72)))
    weight = model.constant(model.normal(72, 5))
    return model.node("Softmax", model.node("MatMul", x, weight))


def selections(model: Model) -> str:
    x = model.conv("x", 4, 3, pads=[1] * 4)
    starts, ends = model.constant(np.array([0, 1])), model.constant(np.array([99, 99]))
    axes, steps = model.constant(np.array([3, 2])), model.constant(np.array([2, 1]))
    x = model.node("Relu", model.node("Slice", x, starts, ends, axes, steps))
    x = model.node("Pad", x, model.constant(np.array([0, 2, 1, 0, 0, 0, 0, 1])))
    x = model.node("Neg", model.node("Relu", x))
    x = model.node("Pad", x, model.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    x = model.node("Relu", model.conv(model.node("Neg", x), 2, 6))
    return model.node("Transpose", x, perm=[0, 2, 3, 1])


def quantized_network(model: Model) -> str:
    x = model.quantize("x", 0.11, 131)
    x = model.node("Pad", x, model.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1])))
    x = model.quantize(x, 0.11, 131)
    x = model.quantize(model.node("Relu", model.qconv(x, 4, 3)), 0.1, 0)
    half = [model.constant(np.array(numbers)) for numbers in ([0, 0], [9, 9], [2, 3], [2, 2])]
    short = model.node("Slice", x, *half)
    x = model.quantize(model.qconv(x, 4, 4, strides=[2, 2], pads=[1] * 4), 0.2, 99)
    x = model.quantize(model.node("Relu", model.node("Add", x, short)), 0.15, 3)
    x = model.node("Transpose", model.node("MaxPool", x, kernel_shape=[2, 2]), perm=[0, 3, 1, 2])
    x = model.node("Reshape", x, model.constant(np.array([-1, 16])))
    x = model.quantize(x, 0.15, 3)
    x = model.node("Gemm", x, model.weight(5, 16, per_channel=True), transB=1)
    return model.quantize(x, 0.3, 40)


def converted_network(model: Model) -> str:
    x = model.quantize("x", 0.11, 131)
    x = model.node("Transpose", x, perm=[0, 3, 1, 2])
    x = model.node("Relu", model.qconv(x, 4, 3, pads=[1] * 4))
    x = model.node("Transpose", model.quantize(x, 0.1, 0), perm=[0, 2, 3, 1])
    x = model.node("Pad", x, model.constant(np.array([0, 1, 0, 0, 0, 0, 1, 0])))
    x = model.node("Transpose", x, perm=[0, 3, 1, 2])
    x = model.quantize(model.qconv(x, 2, 4), 0.2, 100)
    x = model.node("Flatten", model.node("Transpose", x, perm=[0, 2, 3, 1]))
    return model.quantize(x, 0.4, 100)


@pytest.mark.parametrize(
    ("build", "shape", "folded"),
    [
        # Behind a layer, constants are part of it: its own results are nowhere.
        (float_network, (3, 8, 6), {"conv_1:0"}),
        (selections, (3, 7, 8), set()),
        (quantized_network, (3, 6, 6), set()),
        (converted_network, (6, 6, 3), set()),
    ],
)
def test_nodes_hold_what_their_origins_name(
    tmp_path: Path, build: Callable[[Model], str], shape: tuple[int, ...], folded: set[str]
) -> None:
    model = Model(("N", *shape))
    path = model.save(tmp_path, build(model))
    found = checked(path, frames(*shape))
    assert len(found) >= 6
    assert folded.isdisjoint(found)
    layers = {node.output[0] for node in model.nodes if node.op_type in ("Conv", "Gemm", "Add")}
    assert layers - folded <= set(found)
