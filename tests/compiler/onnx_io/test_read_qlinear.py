"""QLinear ops: the program gives what ONNX Runtime's integer kernels give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from sangi.compiler.frontend import load_graph
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.runtime.errors import UnsupportedError

from .quantized import Grid, Quantized, agree, pixels

RUNTIME = "com.microsoft"


def quantized_input(model: Quantized, kind: str = "UINT8") -> tuple[str, Grid]:
    grid = model.grid(1.0, 0 if kind == "UINT8" else -128, kind)
    return model.ql("x", grid), grid


def finished(model: Quantized, folder: Path, codes: str, grid: Grid) -> Path:
    return model.save(folder, model.dql(codes, grid))


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize(
    ("activations", "weights"), [("UINT8", "UINT8"), ("UINT8", "INT8"), ("INT8", "INT8")]
)
@pytest.mark.parametrize(
    ("options", "channels"),
    [
        ({"pads": [1, 0, 2, 1]}, 4),
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, 4),
        ({"auto_pad": "SAME_LOWER", "strides": [2, 1]}, 4),
        ({"dilations": [2, 1]}, 4),
        ({"group": 2}, 2),
        ({"group": 4, "auto_pad": "VALID"}, 1),
    ],
)
def test_qlinear_conv(
    tmp_path: Path,
    activations: str,
    weights: str,
    per_channel: bool,
    options: dict[str, Any],
    channels: int,
) -> None:
    model = Quantized(("N", 4, 7, 6), opset=13)
    x, first = quantized_input(model, activations)
    info = (0, 255) if weights == "UINT8" else (-128, 127)
    codes = model.codes(8, channels, 3, 3, low=info[0], high=info[1], kind=weights)
    scale = model.scales(8 if per_channel else None, 0.01)
    zero = 117 if weights == "UINT8" else 0
    weight = model.constant(codes), *model.grid(scale, zero, weights)
    step = 13.7 * channels**0.5
    last = model.grid(step, 121 if activations == "UINT8" else -7, activations)
    bias = model.constant(model.random.integers(-20000, 20000, 8).astype(np.int32))
    y = model.node("QLinearConv", x, *first, *weight, *last, bias, **options)
    agree(finished(model, tmp_path, y, last), pixels(4, 7, 6, frames=4), step)


def test_a_bias_has_the_scale_of_the_products(tmp_path: Path) -> None:
    model = Quantized(("N", 2, 4, 4), opset=13)
    x, first = quantized_input(model)
    scale = model.scales(3, 0.01)
    weight = model.constant(model.codes(3, 2, 1, 1)), *model.grid(scale, 0, "INT8")
    last = model.grid(3.1, 120)
    bias = model.constant(np.array([5, -700, 0], np.int32))
    codes = model.node("QLinearConv", x, *first, *weight, *last, bias)
    graph = load_graph(finished(model, tmp_path, codes, last))
    (conv,) = (graph.op(name) for name in graph.order() if isinstance(graph.op(name), Conv))
    assert conv.bias is not None
    assert [float(entry) for entry in conv.bias] == [5 * scale[0], -700 * float(scale[1]), 0]
    assert [name for name in graph.order() if name.startswith("qlinearconv_1")][:2] == [
        "qlinearconv_1",
        "qlinearconv_1/quantize",
    ]


@pytest.mark.parametrize("per_column", [False, True])
@pytest.mark.parametrize(
    ("activations", "weights"), [("UINT8", "UINT8"), ("UINT8", "INT8"), ("INT8", "INT8")]
)
def test_qlinear_matmul(tmp_path: Path, activations: str, weights: str, per_column: bool) -> None:
    model = Quantized(("N", 12), opset=13)
    a, first = quantized_input(model, activations)
    info = (0, 255) if weights == "UINT8" else (-128, 127)
    codes = model.codes(12, 5, low=info[0], high=info[1], kind=weights)
    zero = 131 if weights == "UINT8" else 0
    b = (
        model.constant(codes),
        *model.grid(model.scales(5 if per_column else None, 0.01), zero, weights),
    )
    last = model.grid(23.7, 121 if activations == "UINT8" else -7, activations)
    y = model.node("QLinearMatMul", a, *first, *b, *last)
    agree(finished(model, tmp_path, y, last), pixels(12, frames=200), 23.7)


def concatenated(model: Quantized, count: int) -> tuple[str, Grid]:
    """Two inputs with grids of their own, ``count`` inputs of the node, and the output's grid."""
    x, first = quantized_input(model)
    second = model.grid(2.3, 40)
    y = model.ql(model.dql(x, first), second)
    last = model.grid(2.1, 20)
    inputs = [*last, x, *first, y, *second][:count]
    return model.node("QLinearConcat", *inputs, axis=1, domain=RUNTIME), last


def test_qlinear_concat(tmp_path: Path) -> None:
    model = Quantized(("N", 4, 7, 6), opset=13)
    y, last = concatenated(model, 8)
    agree(finished(model, tmp_path, y, last), pixels(4, 7, 6, frames=4), 2.1)


def test_a_qlinear_concat_without_a_zero_point(tmp_path: Path) -> None:
    model = Quantized(("N", 4, 7, 6), opset=13)
    y, last = concatenated(model, 7)
    words = "inputs must be scale and zero point, then three for every tensor, not 7"
    assert said(model, tmp_path, model.dql(y, last)).endswith(f": {words}")


@pytest.mark.parametrize("transposed", [0, 1])
@pytest.mark.parametrize("alpha", [1.0, 0.625])
@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("per_column", [False, True])
def test_qgemm(tmp_path: Path, transposed: int, alpha: float, real: bool, per_column: bool) -> None:
    model = Quantized(("N", 12), opset=13)
    a, first = quantized_input(model)
    codes = model.constant(model.codes(5, 12) if transposed else model.codes(12, 5))
    b = codes, *model.grid(model.scales(5 if per_column else None, 0.01), 0, "INT8")
    c = model.constant(model.random.integers(-9000, 9000, 5).astype(np.int32))
    last = model.grid(17.3, 121)
    options = {"transB": transposed, "alpha": alpha, "domain": RUNTIME}
    y = model.node("QGemm", a, *first, *b, c, *(() if real else last), **options)
    path = model.save(tmp_path, y) if real else finished(model, tmp_path, y, last)
    agree(path, pixels(12, frames=200), 0.1 if real else 17.3)


def test_qgemm_without_bias(tmp_path: Path) -> None:
    model = Quantized(("N", 12), opset=13)
    a, first = quantized_input(model)
    b = model.constant(model.codes(12, 5)), *model.grid(0.0123, 0, "INT8")
    last = model.grid(17.3, 121)
    y = model.node("QGemm", a, *first, *b, "", *last, domain=RUNTIME)
    agree(finished(model, tmp_path, y, last), pixels(12, frames=200), 17.3)


@pytest.mark.parametrize("kind", ["UINT8", "INT8"])
def test_additions_and_pools_of_onnx_runtime(tmp_path: Path, kind: str) -> None:
    model = Quantized(("N", 3, 8, 8), opset=13)
    zero = 0 if kind == "UINT8" else -128
    x, first = quantized_input(model, kind)
    pooled = model.grid(0.937, zero + 2, kind)
    options = {"kernel_shape": [3, 3], "strides": [1, 2], "domain": RUNTIME}
    y = model.node("QLinearAveragePool", x, *first, *pooled, **options)
    small = model.node("MaxPool", x, kernel_shape=[3, 3], strides=[1, 2])
    added = model.grid(1.853, zero + 5, kind)
    y = model.node("QLinearAdd", y, *pooled, small, *first, *added, domain=RUNTIME)
    shifted = model.grid(2.113, zero + 9, kind)
    constant = model.constant(model.codes(3, 1, 1, low=zero, high=zero + 255, kind=kind))
    grid = model.grid(0.713, zero + 100, kind)
    y = model.node("QLinearAdd", y, *added, constant, *grid, *shifted, domain=RUNTIME)
    scaled = model.grid(213.7, zero + 100, kind)
    y = model.node("QLinearMul", constant, *grid, y, *shifted, *scaled, domain=RUNTIME)
    mean = model.grid(73.1, zero + 100, kind)
    total = model.node("QLinearGlobalAveragePool", y, *scaled, *mean, domain=RUNTIME)
    path = model.save(tmp_path, model.dql(y, scaled), model.dql(total, mean))
    agree(path, pixels(3, 8, 8), 213.7, 73.1)


def test_a_mean_over_rows_and_columns(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 5, 5), opset=13)
    x, first = quantized_input(model)
    last = model.grid(0.317, 0)
    y = model.node("QLinearReduceMean", x, *first, *last, axes=[2, 3], keepdims=0, domain=RUNTIME)
    graph = read_graph(finished(model, tmp_path, y, last))
    assert graph.shape(graph.outputs[0][0]) == (3,)


@pytest.mark.parametrize("operator", ["QLinearAveragePool", "QLinearGlobalAveragePool"])
def test_pools_with_channels_last(tmp_path: Path, operator: str) -> None:
    model = Quantized(("N", 5, 5, 3), opset=13)
    x, first = quantized_input(model)
    last = model.grid(0.617, 3)
    options = {"kernel_shape": [3, 3]} if operator == "QLinearAveragePool" else {}
    y = model.node(operator, x, *first, *last, channels_last=1, domain=RUNTIME, **options)
    path = finished(model, tmp_path, y, last)
    agree(path, pixels(5, 5, 3), 0.617)
    graph = load_graph(path)
    assert not [name for name in graph.order() if "channels" in name]


def test_a_convolution_with_channels_last(tmp_path: Path) -> None:
    model = Quantized(("N", 6, 5, 3), opset=13)
    x, first = quantized_input(model)
    weight = model.constant(model.codes(4, 3, 3, 3)), *model.grid(0.0123, 0, "INT8")
    last = model.grid(19.7, 120)
    options = {"channels_last": 1, "kernel_shape": [3, 3], "domain": RUNTIME}
    y = model.node("QLinearConv", x, *first, *weight, *last, **options)
    agree(finished(model, tmp_path, y, last), pixels(6, 5, 3), 19.7)


def test_a_model_of_integers_from_end_to_end(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 5, 5), opset=13, kind="INT8")
    first, last = model.grid(0.0317, -5, "INT8"), model.grid(0.173, 11, "INT8")
    weight = model.constant(model.codes(4, 3, 3, 3)), *model.grid(0.0123, 0, "INT8")
    y = model.node("QLinearConv", "x", *first, *weight, *last, pads=[1] * 4)
    y = model.node("MaxPool", y, kernel_shape=[2, 2])
    frames = np.random.default_rng(7).integers(-128, 128, (9, 3, 5, 5)).astype(np.int8)
    agree(model.save(tmp_path, y, kind="INT8"), frames, 1.0)


class Frames(CalibrationDataReader):
    """Three batches of images for ONNX Runtime's calibration."""

    def __init__(self) -> None:
        self._batches: Iterator[np.ndarray] = iter(np.split(pixels(3, 14, 14, frames=12), 3))

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"x": batch}


def float_model(path: Path) -> None:
    """A network of everything that ONNX Runtime's quantizer has an op for.

    Pools have odd numbers of elements: their means never lie on ties.
    """
    model = Quantized(("N", 3, 14, 14))
    x = model.node("Relu", model.conv("x", 8, 3, pads=[1] * 4))
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    weight = model.constant(model.normal(8, 2, 3, 3, scale=0.3))
    y = model.node("Conv", x, weight, pads=[1] * 4, group=4)
    x = model.node("Relu", model.node("Add", x, y))
    x = model.node("AveragePool", x, kernel_shape=[3, 3])
    x = model.node("Flatten", model.node("GlobalAveragePool", x))
    weight, bias = (model.constant(model.normal(*shape)) for shape in ((8, 10), (10,)))
    x = model.node("Relu", model.node("Gemm", x, weight, bias))
    x = model.node("MatMul", x, model.constant(model.normal(10, 5)))
    path.write_bytes(model.save(path.parent, x, name="float.onnx").read_bytes())


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize(
    ("layout", "activations", "weights"),
    [
        (QuantFormat.QDQ, QuantType.QUInt8, QuantType.QInt8),
        (QuantFormat.QDQ, QuantType.QUInt8, QuantType.QUInt8),
        (QuantFormat.QDQ, QuantType.QInt8, QuantType.QInt8),
        (QuantFormat.QOperator, QuantType.QUInt8, QuantType.QInt8),
        (QuantFormat.QOperator, QuantType.QUInt8, QuantType.QUInt8),
        (QuantFormat.QOperator, QuantType.QInt8, QuantType.QInt8),
    ],
)
def test_models_that_onnx_runtime_quantized(
    tmp_path: Path, layout: Any, activations: Any, weights: Any, per_channel: bool
) -> None:
    float_model(tmp_path / "float.onnx")
    path = tmp_path / "quantized.onnx"
    quantize_static(
        tmp_path / "float.onnx",
        path,
        Frames(),
        quant_format=layout,
        activation_type=activations,
        weight_type=weights,
        per_channel=per_channel,
    )
    proto = onnx.load(path)
    kinds = {node.op_type for node in proto.graph.node}
    assert ("QGemm" in kinds) == (layout is QuantFormat.QOperator)
    last = f"{proto.graph.output[0].name}_scale"
    (step,) = (numpy_helper.to_array(i) for i in proto.graph.initializer if i.name == last)
    agree(path, pixels(3, 14, 14, frames=64), float(step))


def said(model: Quantized, folder: Path, x: str) -> str:
    path = model.save(folder, x)
    with pytest.raises(UnsupportedError) as caught:
        read_graph(path)
    first, line = str(caught.value).split("\n")[:2]
    assert first == "net.onnx holds 1 node that cannot be mapped to a circuit:"
    return line.strip()


def test_refused_operands(tmp_path: Path) -> None:
    model = Quantized(("N", 3, 4, 4), opset=13)
    grid = model.grid([1.0, 2.0, 3.0])
    x = model.ql("x", grid, axis=1)
    weight = model.constant(model.codes(3, 3, 1, 1)), *model.grid(0.1, 0, "INT8")
    y = model.node("QLinearConv", x, *grid, *weight, *model.grid(1.0))
    assert said(model, tmp_path, y) == (
        "QLinearConv 'qlinearconv_1': the scale of x must be one number, not one per channel; "
        "export with per-tensor activation scales"
    )
    model = Quantized(("N", 3, 4, 4), opset=13)
    x, grid = quantized_input(model)
    y = model.node("QLinearConv", x, *grid, x, *grid, *model.grid(1.0))
    assert said(model, tmp_path, y) == (
        "QLinearConv 'qlinearconv_1': the weight must be a constant, not computed at run time"
    )
    model = Quantized(("N", 3, 4, 4), opset=13)
    x, grid = quantized_input(model)
    weight = model.constant(model.codes(3, 3, 1, 1)), *model.grid([0.1, 0.2, 0.3], 0, "INT8")
    bias = model.constant(np.zeros(2, np.int32))
    y = model.node("QLinearConv", x, *grid, *weight, *model.grid(1.0), bias)
    assert said(model, tmp_path, y) == (
        "QLinearConv 'qlinearconv_1': the bias must have 3 entries, not 2"
    )
    model = Quantized(("N", 3, 4, 4), opset=13)
    x, grid = quantized_input(model)
    y = model.node("QLinearMul", x, *grid, x, *grid, *model.grid(1.0), domain=RUNTIME)
    assert said(model, tmp_path, y) == (
        "QLinearMul 'qlinearmul_1': one of the inputs must be a constant; two tensors can only "
        "be added"
    )
    model = Quantized(("N", 3, 4, 4), opset=13)
    x, grid = quantized_input(model)
    y = model.node("QLinearGlobalAveragePool", x, *grid, model.grid(1.0)[0], domain=RUNTIME)
    assert said(model, tmp_path, y) == (
        "QLinearGlobalAveragePool 'qlinearglobalaveragepool_1': the zero point of the output must "
        "be given; it tells the type of codes"
    )
    model = Quantized(("N", 3, 4, 4), opset=13)
    x, grid = quantized_input(model)
    y = model.node("QLinearGlobalAveragePool", x, *grid, *model.grid(-1.0), domain=RUNTIME)
    assert said(model, tmp_path, y) == (
        "QLinearGlobalAveragePool 'qlinearglobalaveragepool_1': scale 'c2' must be positive, "
        "not -1.0"
    )


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"alpha": [1.0]}, "attribute alpha must be of type FLOAT, not FLOATS"),
        ({"transB": "yes"}, "attribute transB must be of type INT, not STRING"),
    ],
)
def test_options_of_a_wrong_type(tmp_path: Path, option: dict[str, Any], words: str) -> None:
    model = Quantized(("N", 12), opset=13)
    a, first = quantized_input(model)
    b = model.constant(model.codes(12, 5)), *model.grid(0.01, 0, "INT8")
    y = model.node("QGemm", a, *first, *b, "", *model.grid(1.0), domain=RUNTIME, **option)
    assert said(model, tmp_path, y) == f"QGemm 'qgemm_1': {words}"


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"strides": 2}, "attribute strides must be of type INTS, not INT"),
        ({"auto_pad": 1}, "attribute auto_pad must be of type STRING, not INT"),
    ],
)
def test_windows_of_a_wrong_type(tmp_path: Path, option: dict[str, Any], words: str) -> None:
    model = Quantized(("N", 2, 4, 4), opset=13)
    x, grid = quantized_input(model)
    options = {"kernel_shape": [2, 2], "domain": RUNTIME, **option}
    y = model.node("QLinearAveragePool", x, *grid, *model.grid(1.0), **options)
    assert said(model, tmp_path, y) == f"QLinearAveragePool 'qlinearaveragepool_1': {words}"


STATIC = "quantize statically (QDQ with calibrated scales)"


@pytest.mark.parametrize(
    ("domain", "kind", "hint"),
    [
        ("", "ConvInteger", STATIC),
        ("", "MatMulInteger", STATIC),
        ("", "DynamicQuantizeLinear", STATIC),
        (RUNTIME, "DynamicQuantizeMatMul", STATIC),
        (RUNTIME, "MatMulIntegerToFloat", STATIC),
        (RUNTIME, "QLinearLeakyRelu", "use Relu"),
        (
            RUNTIME,
            "QLinearSigmoid",
            "leave Sigmoid out of the quantization, at the end of the model",
        ),
        (
            RUNTIME,
            "QLinearSoftmax",
            "leave Softmax out of the quantization, at the end of the model",
        ),
    ],
)
def test_quantized_ops_that_are_not_read(tmp_path: Path, domain: str, kind: str, hint: str) -> None:
    model = Quantized(("N", 4), opset=13)
    x = model.node("Relu", "x")
    y = model.node(kind, x, x, domain=domain)
    shown = f"{domain}.{kind}" if domain else kind
    proto = onnx.load(model.save(tmp_path, x, y))
    assert proto.graph.node[1].op_type == kind
    with pytest.raises(UnsupportedError) as caught:
        read_graph(tmp_path / "net.onnx")
    line = f"  {kind} '{kind.lower()}_1': op type {shown} is not supported; {hint}"
    assert line in str(caught.value).split("\n")
