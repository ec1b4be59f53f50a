"""The oracle beside the package qonnx, on grids of few bits, where float32 is exact as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

from .evaluate import evaluate

GENERAL = "qonnx.custom_op.general"


def single(kind: str, x: np.ndarray, constants: list[Any], **options: Any) -> int:
    """Compare one node exactly; return the number of ties met."""
    arrays = [np.asarray(constant, np.float32) for constant in constants]
    names = [f"c{index}" for index in range(len(arrays))]
    graph = helper.make_graph(
        [helper.make_node(kind, ["x", *names], ["y"], domain=GENERAL, **options)],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(a, name) for a, name in zip(arrays, names, strict=True)],
    )
    version = 2 if kind == "Trunc" and len(arrays) == 5 else 1
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(GENERAL, version)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    evaluation = evaluate(model, x)
    # qonnx wants to know the shape of the result.
    shaped = helper.make_tensor_value_info("y", TensorProto.FLOAT, x.shape)
    model.graph.output[0].CopyFrom(shaped)
    wanted = execute_onnx(ModelWrapper(model), {"x": x})["y"]
    got = evaluation.outputs["y"]
    assert got.shape == wanted.shape
    assert got.astype(np.float64).tolist() == wanted.astype(np.float64).tolist()
    return evaluation.ties


def numbers(*shape: int) -> np.ndarray:
    """Return eighths."""
    return (np.random.default_rng(8).integers(-50, 50, shape) / 8).astype(np.float32)


MODES = ["ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN", "UP", "DOWN", "CEIL", "FLOOR"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("narrow", [0, 1])
def test_quant(mode: str, signed: int, narrow: int) -> None:
    options = {"signed": signed, "narrow": narrow, "rounding_mode": mode}
    for zero in (0, 2, 0.25):
        single("Quant", numbers(2, 60), [0.5, zero, 4], **options)
    scales = np.array([0.25, 1, 2]).reshape(1, 3, 1, 1)
    single("Quant", numbers(1, 3, 4, 5), [scales, 1, 3], **options)


def test_quant_of_one_bit_and_bipolar_quant() -> None:
    x = np.array([[-2, -0.5, 0, 0.25, 3]], np.float32)
    for zero in (0, 1):
        single("Quant", x, [0.5, zero, 1], signed=1, narrow=0)
    assert single("BipolarQuant", x, [0.5]) == 1


@pytest.mark.parametrize("mode", MODES)
def test_trunc(mode: str) -> None:
    codes = np.arange(-40, 40, dtype=np.float32).reshape(2, 40)
    single("Trunc", codes * 0.5, [0.5, 0, 8, 5], rounding_mode=mode)
    single("Trunc", codes * 0.5, [0.5, 4, 8, 6], rounding_mode=mode)
    for signed in (0, 1):
        options = {"rounding_mode": mode, "signed": signed, "narrow": 1 - signed}
        single("Trunc", codes * 0.5, [0.5, 4, 8, 2.0, 4], **options)


@pytest.mark.parametrize("shape", [(2, 3), (1, 3, 4, 2)])
def test_multi_threshold(shape: tuple[int, ...]) -> None:
    x = numbers(*shape)
    rows = np.sort(np.random.default_rng(2).integers(-40, 40, (3, 7)) / 8, axis=1)
    options = {"out_dtype": "INT4", "out_scale": 2.0, "out_bias": -7.0}
    assert single("MultiThreshold", x, [rows], **options) > 0
    single("MultiThreshold", x, [rows[:1]], out_dtype="UINT4")
    if len(shape) == 4:
        turned = x.transpose(0, 2, 3, 1)
        single("MultiThreshold", turned, [rows], data_layout="NHWC", **options)


def wrapped(kind: str, x: np.ndarray, constants: list[Any], **options: Any) -> None:
    """Compare a channels-last op with the standard one on what is transposed before and after."""
    arrays = [np.asarray(constant, np.float32) for constant in constants]
    models = []
    for domain in ("", "qonnx.custom_op.channels_last"):
        turned = arrays
        if kind == "Conv" and domain:
            turned = [np.moveaxis(arrays[0], 1, -1), *arrays[1:]]
        names = [f"c{index}" for index in range(len(arrays))]
        graph = helper.make_graph(
            [helper.make_node(kind, ["x", *names], ["y"], domain=domain, **options)],
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(a, name) for a, name in zip(turned, names, strict=True)],
        )
        opsets = [helper.make_opsetid("", 14), helper.make_opsetid(domain or "none", 14)]
        models.append(helper.make_model(graph, opset_imports=opsets, ir_version=8))
    (first,) = ReferenceEvaluator(models[0]).run(None, {"x": x})
    last = evaluate(models[1], np.moveaxis(x, 1, -1)).outputs["y"]
    assert last.astype(np.float64).tolist() == np.moveaxis(first, 1, -1).tolist()


def test_channels_last() -> None:
    x = numbers(1, 2, 5, 4)
    window = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 0, 1]}
    wrapped("Conv", x, [numbers(3, 2, 3, 2), numbers(3)], **window)
    wrapped("MaxPool", x, [], kernel_shape=[2, 2], strides=[1, 2])
    statistics = [[2, -1], [0.5, 1], [1, -2], [4, 0.25]]
    wrapped("BatchNormalization", x, statistics, epsilon=0.0)
