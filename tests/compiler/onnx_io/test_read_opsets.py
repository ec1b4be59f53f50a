"""One small network in every opset whose forms differ, and files of every age."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from sangi.compiler.execute.run import run_graph
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.runtime.errors import ModelError

from ..onnx_models import Model
from ..read_models import kinds, same_outputs


def network(opset: int) -> tuple[Model, str]:
    """A network whose nodes are written as exporters of that opset write them."""
    model = Model(("N", 2, 9, 8), opset)

    def integers(*numbers: int) -> str:
        return model.constant(np.array(numbers, np.int64))

    if opset < 10:
        x = model.node("Slice", "x", starts=[0, 0], ends=[8, 2**31 - 1], axes=[2, 3])
    else:
        x = model.node("Slice", "x", integers(0), integers(2**63 - 1), integers(2), integers(2))
    if opset < 11:
        x = model.node("Pad", x, pads=[0, 0, 1, 1, 0, 0, 1, 1], mode="constant", value=0.0)
    elif opset < 18:
        x = model.node("Pad", x, integers(0, 0, 1, 1, 0, 0, 1, 1), model.constant(np.float32(0)))
    else:
        x = model.node("Pad", x, integers(1, 1, 1, 1), "", integers(2, 3))
    x = model.conv(x, 4, 2)
    spatial = {"spatial": 1} if opset < 9 else {}
    statistics = [model.constant(np.abs(model.normal(4)) + 0.5) for _ in range(4)]
    x = model.node("BatchNormalization", x, *statistics, **spatial)
    if opset < 11:
        x = model.node("Clip", x, min=0.0, max=6.0)
    else:
        limits = model.constant(np.float32(0)), model.constant(np.float32(6))
        x = model.node("Clip", x, *limits)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Dropout", x, **({"ratio": 0.5} if opset < 12 else {}))
    if opset < 18:
        x = model.node("ReduceMean", x, axes=[2, 3], keepdims=1)
    else:
        x = model.node("ReduceMean", x, integers(2, 3), keepdims=1)
    if opset < 13:
        x = model.node("Unsqueeze", model.node("Squeeze", x, axes=[2, 3]), axes=[1])
        x = model.node("Squeeze", x, axes=[1])
    else:
        x = model.node("Unsqueeze", model.node("Squeeze", x, integers(2, 3)), integers(1))
        x = model.node("Squeeze", x, integers(1))
    x = model.node("Gemm", x, model.constant(model.normal(4, 3)), model.constant(model.normal(3)))
    return model, model.node("Softmax", x, **({"axis": 1} if opset < 13 else {"axis": -1}))


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(4, *shape)).astype(np.float32)


def restamped(path: Path, opset: int | None = None, ir_version: int | None = None) -> Path:
    """The same file under another version."""
    proto = onnx.load(path)
    proto.opset_import[0].version = opset or proto.opset_import[0].version
    proto.ir_version = ir_version or proto.ir_version
    copy = path.with_name("other.onnx")
    copy.write_bytes(proto.SerializeToString())
    return copy


def outputs_of(path: Path, x: np.ndarray) -> np.ndarray:
    """What a model gives as it is read."""
    graph = read_graph(path)
    (output,) = graph.outputs
    return run_graph(graph, x, [output[0]])[output[0]]


@pytest.mark.parametrize("opset", [7, 8, 9, 10, 11, 12, 13, 15, 18, 19, 21, 22, 23, 25, 26])
def test_every_opset(tmp_path: Path, opset: int) -> None:
    model, output = network(opset)
    graph = same_outputs(model.save(tmp_path, output), frames(2, 9, 8))
    layers = [kind for kind in kinds(graph) if kind not in ("Slice", "Reshape")]
    assert layers == ["Input", "Conv", "Clip", "MaxPool", "AveragePool", "Dense", "Softmax"]


def test_the_newest_opset_and_ir_version(tmp_path: Path) -> None:
    # ONNX Runtime, the oracle, does not run versions under development.
    model, output = network(25)
    path = model.save(tmp_path, output)
    newest = restamped(path, onnx.defs.onnx_opset_version(), onnx.IR_VERSION)
    x = frames(2, 9, 8)
    assert np.array_equal(outputs_of(newest, x), outputs_of(path, x))


def test_opsets_before_broadcasting_are_converted(tmp_path: Path) -> None:
    x = frames(2, 3, 3)[:1]
    paths = []
    for opset, options in ((6, {"is_test": 1}), (9, {})):
        model = Model((1, 2, 3, 3), opset)
        statistics = [model.constant(np.abs(model.normal(2)) + 0.5) for _ in range(4)]
        y = model.node("BatchNormalization", "x", *statistics, **options)
        y = model.node("Dropout", model.node("Add", y, "x"), **options)
        paths.append(model.save(tmp_path, y, name=f"{opset}.onnx"))
    same_outputs(paths[1], x)
    assert np.array_equal(outputs_of(paths[0], x), outputs_of(paths[1], x))


@pytest.mark.parametrize("ir_version", [3, 4, 6, 8, 10])
def test_every_ir_version(tmp_path: Path, ir_version: int) -> None:
    model, output = network(9)
    path = restamped(model.save(tmp_path, output), ir_version=ir_version)
    proto = onnx.load(path)
    if ir_version < 4:
        # Initializers had to be inputs as well, in any order.
        inputs = [
            helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            for tensor in proto.graph.initializer
        ]
        entry = proto.graph.input[0]
        del proto.graph.input[:]
        proto.graph.input.extend([*inputs[:2], entry, *inputs[2:]])
        path.write_bytes(proto.SerializeToString())
    same_outputs(path, frames(2, 9, 8))


@pytest.mark.parametrize(("field", "versions"), [("opset", (999, 8)), ("IR version", (21, 999))])
def test_models_newer_than_the_tools(tmp_path: Path, field: str, versions: tuple[int, int]) -> None:
    model, output = network(21)
    path = restamped(model.save(tmp_path, output), *versions)
    with pytest.raises(ModelError, match=rf"{field} .*not 999; export the model"):
        read_graph(path)
