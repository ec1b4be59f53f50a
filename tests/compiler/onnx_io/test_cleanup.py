"""Folding of what computes shapes and constants, in files of every age."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from sangi.compiler.onnx_io.read.cleanup import fold_constants, needs_cleanup
from sangi.compiler.onnx_io.read.read import read_graph, read_model

from ..qonnx_models import QonnxModel


def flattened(model: QonnxModel, x: str) -> str:
    """``x.view(x.shape[0], -1)`` as PyTorch exports it."""
    size = model.node("Gather", model.node("Shape", x), model.constant(np.int64(0)), axis=0)
    size = model.node("Unsqueeze", size, model.constant(np.array([0])))
    size = model.node("Concat", size, model.constant(np.array([-1])), axis=0)
    return model.node("Reshape", x, size)


def with_shape_chain(folder: Path, domain: str) -> Path:
    model = QonnxModel((1, 2, 3, 3))
    x = model.quant("x", 1 / 8, domain=domain)
    x = flattened(model, x)
    return model.save(folder, model.node("MatMul", x, model.quant(model.floats(np.eye(18)), 1.0)))


@pytest.mark.parametrize("ir_version", [3, 6, 8, 10, 13])
def test_files_of_any_ir_version(tmp_path: Path, ir_version: int) -> None:
    path = with_shape_chain(tmp_path, "onnx.brevitas")
    model = onnx.load(path)
    model.ir_version = ir_version
    if ir_version < 4:
        for tensor in model.graph.initializer:
            model.graph.input.append(
                helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    path.write_bytes(model.SerializeToString())
    graph = read_graph(path)
    assert [graph.shape(node) for node, _ in graph.outputs] == [(18,)]


def test_what_depends_on_shapes_is_folded_and_quantizers_are_not(tmp_path: Path) -> None:
    model = onnx.load(with_shape_chain(tmp_path, "onnx.brevitas"))
    assert [entry.domain for entry in model.opset_import] == [""]
    assert needs_cleanup(model)
    folded = fold_constants(model)
    assert [node.op_type for node in folded.graph.node] == ["Quant", "Reshape", "Quant", "MatMul"]
    assert not needs_cleanup(folded)


def test_folding_goes_on_beside_unknown_ops(tmp_path: Path) -> None:
    model = QonnxModel((1, 2, 3, 3))
    x = model.quant("x", 1 / 8)
    y = model.node("Blend", x, domain="nobody.knows")
    path = model.save(tmp_path, flattened(model, x), y)
    reading = read_model(path)
    assert [str(problem) for problem in reading.problems] == [
        "Blend 'blend_1': op type nobody.knows.Blend is not supported"
    ]
    assert [reading.graph.shape(node) for node, _ in reading.graph.outputs] == [(18,)]


def test_shapes_are_known_behind_a_refused_node_and_a_quantizer(tmp_path: Path) -> None:
    model = QonnxModel((1, 2, 3, 3))
    x = model.quant(model.node("Softsign", "x"), 1 / 8, domain="onnx.brevitas")
    y = model.node("Softsign", model.quant(x, 1 / 4, 0, 4, domain="onnx.brevitas"))
    reading = read_model(model.save(tmp_path, y))
    assert [problem.op for problem in reading.problems] == ["Softsign", "Softsign"]
    assert [reading.graph.shape(node) for node, _ in reading.graph.outputs] == [(2, 3, 3)]


def test_constants_are_not_computed_in_float_behind_a_quantizer(tmp_path: Path) -> None:
    model = QonnxModel((1, 4))
    codes = model.constant(np.arange(16).reshape(4, 4).astype(np.int8))
    scale = model.constant(np.float32(0.1))
    weight = model.node("Transpose", model.node("DequantizeLinear", codes, scale), perm=[1, 0])
    y = model.node("MatMul", model.quant("x", 1 / 8), weight)
    folded = fold_constants(onnx.load(model.save(tmp_path, y)))
    assert [node.op_type for node in folded.graph.node] == [
        "DequantizeLinear",
        "Transpose",
        "Quant",
        "MatMul",
    ]
