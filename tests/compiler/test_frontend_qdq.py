"""QDQ models: the integer program gives what ONNX Runtime gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.frontend import load, load_graph
from sangi.compiler.ir.ops.input import Input
from sangi.runtime.host import execute

from .onnx_models import Model, onnx_runtime

FRAMES = 24


def agree(path: Path, x: np.ndarray, step: float) -> None:
    """Compare the program with ONNX Runtime; ``x`` is in the model's own layout.

    ONNX Runtime computes in float32: at ties an element may be off by one step of the grid.
    """
    expected = onnx_runtime(path, x)
    given = x
    program = load(path)
    if program.inputs[0].layout == "NCHW":
        given = x.transpose(0, 2, 3, 1)
    outputs = execute(program, given)
    for want, (name, got) in zip(expected, outputs.items(), strict=True):
        assert got.shape == want.shape, name
        far = np.abs(got - want)
        assert far.max() <= 1.001 * step, (name, far.max())
        assert (far > 0.01 * step).mean() <= 0.001, name


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (FRAMES, *shape)).astype(np.uint8)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_weights_of_every_kind_and_asymmetric_activations(
    tmp_path: Path, per_channel: bool, kind: type
) -> None:
    model = Model(("N", 3, 8, 7))
    x = model.quantize("x", 1.0, 0)
    x = model.qconv(x, 8, 3, per_channel=per_channel, kind=kind, pads=[1] * 4)
    x = model.quantize(x, 1.3, 91)
    x = model.qconv(x, 5, 8, per_channel=per_channel, kind=kind, strides=[2, 1])
    x = model.quantize(x, 0.9, -17, np.int8)
    agree(model.save(tmp_path, x), pixels(3, 8, 7), 0.9)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_both_layouts_and_flatten_over_several_pixels(tmp_path: Path, layout: str) -> None:
    nhwc = layout == "NHWC"
    model = Model((1, 6, 5, 3) if nhwc else (1, 3, 6, 5))
    x = model.node("Transpose", "x", perm=[0, 3, 1, 2]) if nhwc else "x"
    x = model.quantize(x, 1.0, 0)
    x = model.quantize(model.node("Relu", model.qconv(x, 4, 3)), 2.0, 0)
    x = model.node("Flatten", x)
    dense = model.weight(7, 4 * 4 * 3, per_channel=True)
    x = model.node("Gemm", x, dense, model.constant(model.normal(7)), transB=1)
    path = model.save(tmp_path, x)
    frames = pixels(6, 5, 3) if nhwc else pixels(3, 6, 5)
    # The batch axis of the file is 1: the oracle gets one frame.
    agree(path, frames[:1], 0.01)
    graph = load_graph(path)
    entry = next(op for op in map(graph.op, graph.order()) if isinstance(op, Input))
    assert entry.layout == layout
    assert entry.shape == ((6, 5, 3) if nhwc else (3, 6, 5))


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("size", [7, 8])
def test_automatic_padding(tmp_path: Path, auto_pad: str, size: int) -> None:
    model = Model(("N", 2, size, size))
    x = model.quantize("x", 1.0, 0)
    x = model.qconv(x, 3, 2, size=3, strides=[2, 2], auto_pad=auto_pad)
    x = model.quantize(x, 1.1, 128)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], auto_pad=auto_pad)
    agree(model.save(tmp_path, x), pixels(2, size, size), 1.1)


def test_a_residual_addition_with_pooling_and_softmax(tmp_path: Path) -> None:
    model = Model(("N", 3, 8, 8))
    x = model.quantize("x", 1.0, 0)
    x = model.quantize(model.node("Relu", model.qconv(x, 6, 3, pads=[1] * 4)), 1.5, 0)
    left = model.quantize(model.qconv(x, 6, 6, pads=[1] * 4), 1.1, 120)
    x = model.quantize(model.node("Relu", model.node("Add", x, left)), 2.3, 0)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = model.quantize(model.node("GlobalAveragePool", x), 0.7, 3)
    x = model.node("Reshape", x, model.constant(np.array([-1, 6], np.int64)))
    weight = model.weight(4, 6, per_channel=True)
    x = model.node("MatMul", x, model.node("Transpose", weight, perm=[1, 0]))
    x = model.node("Add", x, model.constant(model.normal(4)))
    path = model.save(tmp_path, model.node("Softmax", x, axis=-1))
    agree(path, pixels(3, 8, 8), 0.05)


def test_features_and_quantized_input(tmp_path: Path) -> None:
    model = Model(("N", 20))
    x = model.quantize("x", 0.05, 131)
    x = model.node("Gemm", x, model.weight(9, 20, per_channel=False), transB=1, alpha=0.5)
    x = model.quantize(model.node("Relu", x), 0.04, -128, np.int8)
    x = model.node("Gemm", x, model.weight(4, 9, per_channel=True), transB=1)
    x = model.quantize(x, 0.02, 11, np.int8)
    frames = np.random.default_rng(1).normal(0, 3, (200, 20)).astype(np.float32)
    agree(model.save(tmp_path, x), frames, 0.02)


def test_normalization_after_import_is_that_of_normalized_images(tmp_path: Path) -> None:
    model = Model(("N", 3, 6, 6))
    x = model.quantize("x", 0.02, 121)
    x = model.quantize(model.qconv(x, 4, 3, pads=[1] * 4), 0.03, 128)
    path = model.save(tmp_path, x)
    mean, std = (120.5, 110.0, 130.25), (60.0, 55.5, 70.0)
    frames = pixels(3, 6, 6).transpose(0, 2, 3, 1)
    normalized = (frames - np.array(mean)) / np.array(std)
    (want,) = onnx_runtime(path, normalized.transpose(0, 3, 1, 2))
    program = load(path, mean=mean, std=std)
    assert program.inputs[0].kind == "bytes"
    (got,) = execute(program, frames).values()
    far = np.abs(got - want)
    assert far.max() <= 0.0301
    assert (far > 0.001).mean() < 0.005


def test_batch_normalization_behind_quantized_weights_stays_exact(tmp_path: Path) -> None:
    model = Model(("N", 2, 6, 6))
    x = model.quantize("x", 1.0, 0)
    x = model.qconv(x, 4, 2)
    statistics = [
        model.constant(array.astype(np.float32))
        for array in (
            np.array([1.0, -0.7, 0.3, 2.0]),
            np.array([0.1, 3.0, -2.0, 0.0]),
            np.array([0.5, 10.0, -4.0, 1.0]),
            np.array([0.5, 1.5, 3.0, 0.9]),
        )
    ]
    x = model.node("BatchNormalization", x, *statistics)
    x = model.quantize(model.node("Relu", x), 1.7, 0)
    agree(model.save(tmp_path, x), pixels(2, 6, 6), 1.7)


def test_a_frozen_weight_quantizer_and_two_outputs(tmp_path: Path) -> None:
    model = Model(("N", 2, 5, 5))
    x = model.quantize("x", 1.0, 0)
    weight = model.constant(model.normal(3, 2, 3, 3, scale=0.3))
    grid = model.constant(np.full(3, 0.0137, np.float32)), model.constant(np.zeros(3, np.int8))
    weight = model.node("QuantizeLinear", weight, *grid, axis=0)
    weight = model.node("DequantizeLinear", weight, *grid, axis=0)
    first = model.quantize(model.node("Conv", x, weight), 1.0, 100)
    second = model.quantize(model.qconv(first, 2, 3, size=1), 0.8, 128)
    agree(model.save(tmp_path, first, second), pixels(2, 5, 5), 1.0)
