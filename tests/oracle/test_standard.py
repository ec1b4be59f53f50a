"""The oracle beside ONNX Runtime, on powers of two, where float32 is exact as well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ..compiler.onnx_models import Model, onnx_runtime
from .evaluate import evaluate


def agree(path: Path, x: np.ndarray) -> int:
    """Compare every output exactly; return the number of ties met."""
    wanted = onnx_runtime(path, x)
    evaluation = evaluate(onnx.load(path), x.astype(np.float32))
    for want, got in zip(wanted, evaluation.outputs.values(), strict=True):
        assert got.astype(np.float64).tolist() == want.astype(np.float64).tolist()
    return evaluation.ties


def frames(*shape: int) -> np.ndarray:
    """Return quarters."""
    return np.random.default_rng(3).integers(-20, 60, shape) / 4


def few_bits(model: Model, *shape: int) -> str:
    """Add a constant of eighths."""
    return model.constant((model.random.integers(-8, 9, shape) / 8).astype(np.float32))


def windows(model: Model) -> list[str]:
    """Convolutions and pools with every kind of padding."""
    x = model.quantize("x", 0.5, 3)
    weight = few_bits(model, 4, 2, 3, 2)
    options = {"strides": [2, 1], "dilations": [1, 2], "pads": [1, 0, 2, 1]}
    first = model.node("Conv", x, weight, few_bits(model, 4), **options)
    options = {"auto_pad": "SAME_LOWER", "strides": [2, 2], "group": 2}
    second = model.node("Conv", x, few_bits(model, 4, 1, 3, 3), **options)
    pooled = model.node("MaxPool", x, kernel_shape=[3, 2], pads=[1, 0, 1, 1], strides=[2, 1])
    mean = model.node("AveragePool", x, kernel_shape=[2, 2], pads=[1, 0, 0, 1], strides=[1, 2])
    whole = model.node(
        "AveragePool", x, kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1
    )
    # Means of three are not exact in float32: the quantizer makes them so.
    mean = model.quantize(mean, 1.0, 0)
    return [first, second, pooled, mean, whole, model.quantize(first, 2.0, 100)]


def channels(model: Model) -> list[str]:
    """Batch normalization, arithmetic and scales per channel."""
    x = model.quantize("x", 0.5, -3, np.int8)
    arrays = [np.array(a, np.float32) for a in ([2, -1], [0.5, 1], [1, -2], [4, 0.25])]
    normal = model.node("BatchNormalization", x, *(model.constant(a) for a in arrays), epsilon=0.0)
    grid = (
        model.constant(np.array([0.5, 2], np.float32)),
        model.constant(np.array([-128, 127], np.int8)),
    )
    codes = model.node("QuantizeLinear", normal, *grid, axis=1)
    y = model.node("DequantizeLinear", codes, *grid, axis=1)
    divisors = model.constant(np.array([4, -2], np.float32).reshape(2, 1, 1))
    y = model.node("Div", model.node("Sub", y, few_bits(model, 2, 1, 1)), divisors)
    limits = model.constant(np.float32(-2)), model.constant(np.float32(3))
    y = model.node("Clip", model.node("Mul", few_bits(model, 1), y), *limits)
    mean = model.node("GlobalAveragePool", model.node("Add", y, model.node("Relu", y)))
    return [normal, y, model.quantize(mean, 0.25, 128)]


def matrices(model: Model) -> list[str]:
    """Flatten, Gemm, MatMul and what moves elements."""
    x = model.quantize("x", 0.5, 3)
    flat = model.node("Flatten", x)
    turned = model.node("Transpose", x, perm=[0, 2, 3, 1])
    shape = model.constant(np.array([0, -1], np.int64))
    other = model.node("Reshape", turned, shape)
    count = 2 * 5 * 6
    gemm = model.node(
        "Gemm", flat, few_bits(model, 3, count), few_bits(model, 3), transB=1, alpha=0.5, beta=2.0
    )
    product = model.node("MatMul", other, few_bits(model, count, 3))
    return [gemm, product, model.quantize(model.node("Add", gemm, product), 4.0, 120)]


def clips(model: Model) -> list[str]:
    """Clips of one side, also beyond all values, of none, and of limits that cross."""
    x = model.quantize("x", 0.5, 3)
    limits = [("40", ""), ("", "-40"), ("1", ""), ("", "1"), ("", ""), ("2", "-2"), ("-2", "2")]
    return [
        model.node("Clip", x, *(side and model.constant(np.float32(side)) for side in pair))
        for pair in limits
    ]


@pytest.mark.parametrize("build", [windows, channels, matrices, clips])
def test_layers_of_powers_of_two(tmp_path: Path, build: Callable[[Model], list[str]]) -> None:
    model = Model((2, 2, 5, 6))
    outputs = build(model)
    assert agree(model.save(tmp_path, *outputs), frames(2, 2, 5, 6)) > 0


@pytest.mark.parametrize("kind", ["INT4", "UINT4", "INT16", "UINT16", "INT8", "UINT8"])
def test_codes_of_every_width(tmp_path: Path, kind: str) -> None:
    model = Model((1, 40), opset=21)
    tensor_type = TensorProto.DataType.Value(kind)
    scale = model.constant(np.float32(0.5))
    zero = model.constant(np.array(3).astype(helper.tensor_dtype_to_np_dtype(tensor_type)))
    codes = model.node("QuantizeLinear", "x", scale, zero)
    path = model.save(tmp_path, model.node("DequantizeLinear", codes, scale, zero))
    assert agree(path, np.arange(-200, 200, 10).reshape(1, 40) / 8) > 0


def test_ops_on_codes(tmp_path: Path) -> None:
    model = Model((1, 2, 4, 5))
    one = model.constant(np.float32(0.5)), model.constant(np.uint8(7))
    two = model.constant(np.float32(2)), model.constant(np.uint8(200))
    codes = model.node("QuantizeLinear", "x", *one)
    weight = model.constant(model.random.integers(-128, 128, (3, 2, 3, 3)).astype(np.int8))
    scales = model.constant(np.array([1, 0.5, 2], np.float32) / 128)
    zeros = model.constant(np.zeros(3, np.int8))
    bias = model.constant(np.array([100, -300, 5], np.int32))
    conv = model.node(
        "QLinearConv", codes, *one, weight, scales, zeros, *two, bias, pads=[1, 1, 0, 0]
    )
    other = {"domain": "com.microsoft"}
    pooled = model.node("MaxPool", conv, kernel_shape=[2, 2])
    total = model.node("QLinearAdd", pooled, *two, pooled, *two, *one, **other)
    mean = model.node("QLinearGlobalAveragePool", total, *one, *two, channels_last=0, **other)
    small = model.node("QLinearAveragePool", total, *one, *two, kernel_shape=[2, 2], **other)
    flat = model.node("Flatten", mean)
    matrix = model.constant(model.random.integers(-128, 128, (3, 4)).astype(np.int8))
    unit = model.constant(np.float32(1 / 64)), model.constant(np.int8(0))
    product = model.node("QLinearMatMul", flat, *two, matrix, *unit, *one)
    turned = model.constant(model.random.integers(-128, 128, (4, 3)).astype(np.int8))
    shift = model.constant(np.array([9, -9, 90, 0], np.int32))
    gemm = model.node("QGemm", flat, *two, turned, *unit, shift, *one, transB=1, **other)
    grids = {conv: two, total: one, mean: two, small: two, product: one, gemm: one}
    outputs = [model.node("DequantizeLinear", name, *grid) for name, grid in grids.items()]
    path = model.save(tmp_path, *outputs)
    file = onnx.load(path)
    file.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(file, path)
    assert agree(path, frames(1, 2, 4, 5)) > 0
