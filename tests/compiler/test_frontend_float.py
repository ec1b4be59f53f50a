"""Float models: reading, folding and calibration, against ONNX Runtime."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.execute.run import run_graph
from sangi.compiler.frontend import load, load_graph
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.compiler.passes.pipeline import FLOAT_PASSES, LAYOUT_PASSES, run_passes
from sangi.runtime.errors import ModelError
from sangi.runtime.host import execute

from .onnx_models import Model, onnx_runtime


def float_graph(path: Path) -> Graph:
    return run_passes(read_graph(path), (*LAYOUT_PASSES, *FLOAT_PASSES))


def kinds(graph: Graph) -> list[str]:
    return [type(graph.op(name)).__name__ for name in graph.order()]


def same(path: Path, x: np.ndarray) -> Graph:
    """Check that the folded graph gives the model's outputs, up to float32 rounding."""
    graph = float_graph(path)
    frames = x.transpose(0, 2, 3, 1) if "NCHW" in repr(graph.op(graph.order()[0])) else x
    values = run_graph(graph, frames, [node for node, _ in graph.outputs])
    for (node, _), want in zip(graph.outputs, onnx_runtime(path, x), strict=True):
        assert values[node].shape == want.shape
        np.testing.assert_allclose(values[node], want, rtol=1e-4, atol=1e-4)
    return graph


def images(*shape: int, count: int = 16) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (count, *shape)).astype(np.uint8)


def classifier(tmp_path: Path) -> Path:
    model = Model(("N", 3, 8, 8))
    x = model.node("Mul", "x", model.constant(np.float32(1 / 128)))
    x = model.conv(x, 6, 3, pads=[1] * 4)
    names = [model.constant(np.abs(model.normal(6)) + 0.5) for _ in range(4)]
    left = model.node("Relu", model.node("BatchNormalization", x, *names))
    x = model.conv(left, 6, 6, pads=[1] * 4)
    x = model.node("Relu", model.node("Add", x, left))
    x = model.node("Relu", model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))
    x = model.node("Flatten", x)
    weight = model.constant(model.normal(96, 5, scale=0.1))
    x = model.node("Add", model.node("MatMul", x, weight), model.constant(model.normal(5)))
    return model.save(tmp_path, model.node("Softmax", x))


def test_batch_normalization_and_constants_fold_into_float_layers(tmp_path: Path) -> None:
    graph = same(classifier(tmp_path), images(3, 8, 8))
    found = kinds(graph)
    assert "BatchNorm" not in found and "Transpose" not in found
    # The scale in front of the first convolution stays: padding is 0 behind it, too.
    assert found.count("Affine") == 1
    assert found[-3:] == ["Reshape", "Dense", "Softmax"]


def test_images_in_both_layouts_with_reduce_mean(tmp_path: Path) -> None:
    model = Model(("N", 6, 6, 2))
    x = model.conv(model.node("Transpose", "x", perm=[0, 3, 1, 2]), 4, 2)
    x = model.node("Clip", x, model.constant(np.float32(0)), model.constant(np.float32(6)))
    back = model.node("Transpose", x, perm=[0, 2, 3, 1])
    means = [
        model.node("ReduceMean", x, axes=[2, 3], keepdims=0),
        model.node("ReduceMean", back, axes=[-3, -2], keepdims=0),
        model.node("Squeeze", model.node("GlobalAveragePool", x), model.constant([2, 3])),
    ]
    graph = same(model.save(tmp_path, *means, x), images(6, 6, 2))
    # Only the output that the model gives as (C, H, W) needs one.
    assert kinds(graph).count("Transpose") == 1


def test_arithmetic_with_constants(tmp_path: Path) -> None:
    model = Model(("N", 3, 4, 4))
    x = model.node("Sub", "x", model.constant(np.array([1, 2, 3], np.float32).reshape(3, 1, 1)))
    x = model.node("Div", x, model.constant(np.array([[[[58.0]], [[57]], [[60]]]], np.float32)))
    x = model.node("Sub", model.constant(np.float32(2)), x)
    x = model.node("Sigmoid", model.node("Dropout", model.node("Identity", x)))
    flat = model.node("Unsqueeze", model.node("Flatten", x), model.constant([1]))
    graph = same(model.save(tmp_path, x, flat), images(3, 4, 4))
    assert kinds(graph).count("Affine") == 3


@pytest.mark.parametrize("opset", [8, 11, 12, 17, 21])
def test_old_and_new_opsets(tmp_path: Path, opset: int) -> None:
    model = Model(("N", 1, 6, 6), opset)
    x = model.node("AveragePool", model.conv("x", 3, 1), kernel_shape=[2, 2], strides=[2, 2])
    if opset < 11:
        x = model.node("Clip", x, min=0.0, max=6.0)
    else:
        x = model.node("Clip", x, model.constant(np.float32(0)), model.constant(np.float32(6)))
    x = model.node("Flatten", x)
    x = model.node("Gemm", x, model.constant(model.normal(12, 3)), model.constant(model.normal(3)))
    same(model.save(tmp_path, model.node("Softmax", x)), images(1, 6, 6))


def test_shape_arithmetic_is_folded(tmp_path: Path) -> None:
    model = Model((1, 2, 5, 5))
    x = model.node("Relu", model.conv("x", 3, 2))
    batch = model.node("Gather", model.node("Shape", x), model.constant([0]), axis=0)
    target = model.node("Concat", batch, model.constant([-1]), axis=0)
    x = model.node("Reshape", x, target)
    graph = same(model.save(tmp_path, x), images(2, 5, 5, count=1))
    assert kinds(graph) == ["Input", "Conv", "Relu", "Transpose", "Reshape"]


def test_calibration_keeps_the_decisions(tmp_path: Path) -> None:
    path = classifier(tmp_path)
    x = images(3, 8, 8, count=200)
    program = load(path, data=x.transpose(0, 2, 3, 1))
    (got,) = execute(program, x.transpose(0, 2, 3, 1)).values()
    (want,) = onnx_runtime(path, x)
    assert (got.argmax(1) == want.argmax(1)).mean() >= 0.95
    assert np.abs(got - want).mean() < 0.02


def test_the_program_is_the_calibrated_graph(tmp_path: Path) -> None:
    path = classifier(tmp_path)
    x = images(8, 8, 3, count=40)
    graph = load_graph(path, data=x)
    layers = [op for op in map(graph.op, graph.order()) if isinstance(op, Conv | Dense)]
    assert len(layers) == 3
    for op in layers:
        assert op.weight.dtype == np.int64 and op.weight_scale is not None
        assert np.abs(op.weight).reshape(len(op.weight), -1).max(axis=1).tolist() == [127] * len(
            op.weight
        )
    (output,) = graph.outputs
    want = run_graph(graph, x, [output[0]])[output[0]]
    (got,) = execute(load(path, data=x), x).values()
    np.testing.assert_allclose(got, want, atol=0.02)
    assert (np.abs(got - want) > 1e-3).mean() < 0.01


def test_raw_bytes_are_the_codes_of_the_input(tmp_path: Path) -> None:
    model = Model(("N", 1, 5, 5))
    path = model.save(tmp_path, model.node("Relu", model.conv("x", 2, 1)))
    x = images(5, 5)
    for data in (x, x.astype(np.float32)):
        graph = load_graph(path, data=data)
        first = next(op for op in map(graph.op, graph.order()) if isinstance(op, Quantize))
        assert (first.scale, first.zero_point, first.low, first.high) == ((1,), (0,), 0, 255)
    graph = load_graph(path, data=x / np.float32(255))
    first = next(op for op in map(graph.op, graph.order()) if isinstance(op, Quantize))
    assert float(first.scale[0]) < 1 / 250


def test_normalization_is_part_of_the_calibrated_program(tmp_path: Path) -> None:
    model = Model(("N", 3, 6, 6))
    x = model.node("GlobalAveragePool", model.node("Relu", model.conv("x", 8, 3)))
    path = model.save(tmp_path, model.node("Flatten", x))
    frames = images(6, 6, 3, count=60)
    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    program = load(path, mean=mean, std=std, data=frames)
    assert program.inputs[0].kind == "bytes"
    (got,) = execute(program, frames).values()
    normalized = (frames - np.array(mean)) / np.array(std)
    (want,) = onnx_runtime(path, normalized.transpose(0, 3, 1, 2))
    assert np.abs(got - want).max() < 0.03 * np.abs(want).max()


def test_an_open_shape_takes_input_shape(tmp_path: Path) -> None:
    model = Model(("N", 1, "H", "W"))
    path = model.save(tmp_path, model.node("Relu", model.conv("x", 2, 1)))
    graph = load_graph(path, input_shape=(1, 1, 6, 7), data=images(6, 7))
    assert graph.shape(graph.outputs[0][0]) == (2, 4, 5)


def test_a_quantized_model_says_that_it_needs_no_data(tmp_path: Path) -> None:
    model = Model(("N", 4))
    x = model.quantize("x", 1.0, 0)
    weight = model.weight(2, 4, per_channel=False)
    path = model.save(tmp_path, model.node("Gemm", x, weight, transB=1))
    notes: list[str] = []
    load(path, data=images(4), note=notes.append)
    assert notes == ["net.onnx is quantized: --data was not needed"]


def test_float_weights_of_a_quantized_model_get_8_bits_where_data_is_given(tmp_path: Path) -> None:
    model = Model(("N", 4))
    x = model.quantize("x", 1.0, 0)
    weight = model.normal(4, 2)
    path = model.save(tmp_path, model.node("Gemm", x, model.constant(weight)))
    with pytest.raises(ModelError) as caught:
        load(path)
    lacks = "net.onnx has no quantizer for the weights of 'gemm_2'"
    assert str(caught.value) == (
        f"{lacks}: give --data images.npz (calibration images) or export it with a quantizer there"
    )
    notes: list[str] = []
    program = load(path, data=images(4), note=notes.append)
    assert notes == [f"{lacks}: 8 bits were chosen by --data"]
    (got,) = execute(program, images(4)).values()
    (want,) = onnx_runtime(path, images(4))
    assert 0 < np.abs(got - want).max() <= 255 * 4 * np.abs(weight).max() / 254 * 1.001


def test_an_input_without_quantizer_gets_one_where_data_is_given(tmp_path: Path) -> None:
    model = Model(("N", 4))
    x = model.node("Gemm", "x", model.weight(4, 4, per_channel=False))
    path = model.save(tmp_path, model.quantize(x, 0.5, 128))
    with pytest.raises(ModelError) as caught:
        load(path)
    assert str(caught.value) == (
        "net.onnx has no quantizer for its input: give --data images.npz (calibration images), or "
        "--mean and --std if it takes bytes, or export it with a quantizer there"
    )
    notes: list[str] = []
    program = load(path, data=images(4), note=notes.append)
    assert notes == ["net.onnx has no quantizer for its input: 8 bits were chosen by --data"]
    # Bytes are their own codes.
    (got,) = execute(program, images(4)).values()
    (want,) = onnx_runtime(path, images(4))
    np.testing.assert_array_equal(got, want)


@pytest.mark.skipif("SANGI_DATA" not in os.environ, reason="SANGI_DATA is not set")
def test_resnet8_loses_at_most_a_point() -> None:
    data = Path(os.environ["SANGI_DATA"])
    with np.load(data / "cifar10" / "train_lossless_5009.npz") as arrays:
        calibration = arrays["x"][:256]
    with np.load(data / "cifar10" / "test_lossless_0000_0499.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
    path = data / "models" / "mlperf_ic_resnet8_float.onnx"
    graph = load_graph(path, data=calibration)
    (output,) = graph.outputs
    original = run_graph(float_graph(path), x, [output[0]])[output[0]]
    quantized = run_graph(graph, x, [output[0]])[output[0]]
    floats, codes = (np.mean(values.argmax(1) == y) for values in (original, quantized))
    assert floats > 0.87
    assert codes >= floats - 0.01
