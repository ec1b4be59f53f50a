"""The float model and its images, as the graph takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from sangi.compiler.compress.data.samples import Samples
from sangi.compiler.compress.model import arranged, first_output_shape, read_float
from sangi.compiler.execute.run import run_graph
from sangi.compiler.execute.runtime import open_session
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.runtime.errors import DataError, ModelError, UnsupportedError, UsageError

RANDOM = np.random.default_rng(4)


def write_model(path: Path, *middle: Any, shape: tuple[Any, ...] = ("N", 3, 4, 6)) -> Path:
    """Write a convolution of 3 channels to 5 and what follows it; output ``y``."""
    kernels = RANDOM.normal(size=(5, 3, 3, 3)).astype(np.float32)
    four = [np.abs(RANDOM.normal(size=5)).astype(np.float32) for _ in range(4)]
    constants = {"w": kernels, **dict(zip(("scale", "b", "mean", "var"), four, strict=True))}
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["c"], "conv", pads=[1] * 4), *middle],
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


BATCH_NORM = helper.make_node("BatchNormalization", ["c", "scale", "b", "mean", "var"], ["n"], "bn")
RELU = helper.make_node("Relu", ["n"], ["y"], "relu")


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    return read_float(write_model(tmp_path / "net.onnx", BATCH_NORM, RELU))


def test_a_model_is_read_channels_last_and_folded(tmp_path: Path, graph: Graph) -> None:
    assert graph.shape(graph.order()[0]) == (4, 6, 3)
    assert not any(isinstance(graph.op(name), BatchNorm) for name in graph.order())
    assert first_output_shape(graph) == (5, 4, 6)  # as the file says
    x = RANDOM.normal(size=(7, 3, 4, 6)).astype(np.float32)
    (wanted,) = open_session(onnx.load(tmp_path / "net.onnx")).run(None, {"x": x})
    samples = arranged(graph, Samples(x, np.zeros(7, np.int64)), "train", None, None)
    node = graph.outputs[0][0]
    found = run_graph(graph, samples.x, [node])[node]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("keepdims", [0, 1])
def test_a_class_is_the_largest_of_scores(tmp_path: Path, keepdims: int) -> None:
    pool = helper.make_node("GlobalAveragePool", ["c"], ["p"], "pool")
    flat = helper.make_node("Flatten", ["p"], ["f"], "flat")
    best = helper.make_node("ArgMax", ["f"], ["y"], "best", axis=1, keepdims=keepdims)
    graph = read_float(write_model(tmp_path / "class.onnx", pool, flat, best))
    assert first_output_shape(graph) == (5,)
    # Of a class per pixel there is no one label.
    each = helper.make_node("ArgMax", ["c"], ["y"], "best", axis=1, keepdims=keepdims)
    graph = read_float(write_model(tmp_path / "pixels.onnx", each))
    assert np.prod(first_output_shape(graph)) == 24


def test_an_open_shape_is_the_user_s(tmp_path: Path) -> None:
    path = write_model(tmp_path / "net.onnx", BATCH_NORM, RELU, shape=("N", 3, "H", "W"))
    assert first_output_shape(read_float(path, (1, 3, 5, 7))) == (5, 5, 7)
    with pytest.raises(ModelError, match="--input-shape"):
        read_float(path)


def test_models_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"model must be an existing file, not .*none\.onnx"):
        read_float(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError):
        read_float(tmp_path / "bad.onnx")
    unknown = helper.make_node("Erf", ["c"], ["y"], "gauss")
    with pytest.raises(UnsupportedError, match="gauss"):
        read_float(write_model(tmp_path / "erf.onnx", unknown))


@pytest.mark.parametrize("shape", [(2, 4, 6, 3), (2, 3, 4, 6)])
def test_images_may_have_either_layout(graph: Graph, shape: tuple[int, ...]) -> None:
    x = RANDOM.integers(0, 256, shape).astype(np.uint8)
    y, groups = np.array([1, 0]), np.array(["a", "b"])
    found = arranged(graph, Samples(x, y, groups), "train", None, None)
    last = x if shape[-1] == 3 else x.transpose(0, 2, 3, 1)
    assert found.x.dtype == np.uint8
    assert found.x.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(found.x, last)
    assert found.y is y
    assert found.groups is groups


@pytest.mark.parametrize(
    ("mean", "std"), [((3,), (2,)), ((1, 2, 3), (4, 5, 6)), ((1, 2, 3), None), (None, (0.5,))]
)
def test_images_are_normalized_as_the_model_wants_them(
    graph: Graph, mean: tuple[float, ...] | None, std: tuple[float, ...] | None
) -> None:
    x = RANDOM.integers(0, 256, (2, 3, 4, 6)).astype(np.uint8)
    found = arranged(graph, Samples(x, np.array([0, 1])), "train", mean, std).x
    wanted = (x.transpose(0, 2, 3, 1) - np.float64(mean or 0)) / np.float64(std or 1)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted.astype(np.float32))


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ((1, 2), None, "--mean must be 1 or 3 numbers, not 2"),
        (None, (1, 2, 3, 4), "--std must be 1 or 3 numbers, not 4"),
        (None, (1, 0, 3), "--std must be above 0, not 0"),
        ((np.nan,), None, "--mean must be finite numbers, one per channel, not [nan]"),
    ],
)
def test_a_wrong_normalization_is_refused(graph: Graph, mean: Any, std: Any, message: str) -> None:
    samples = Samples(np.zeros((2, 3, 4, 6), np.uint8), np.array([0, 1]))
    with pytest.raises(UsageError) as refused:
        arranged(graph, samples, "train", mean, std)
    assert str(refused.value) == message


def test_images_of_another_shape_are_refused_by_name(graph: Graph) -> None:
    samples = Samples(np.zeros((2, 5, 6, 3), np.uint8), np.array([0, 1]))
    with pytest.raises(DataError) as refused:
        arranged(graph, samples, "validation", None, None)
    assert str(refused.value) == (
        "validation images must have shape (N, 4, 6, 3), not (2, 5, 6, 3)"
    )
