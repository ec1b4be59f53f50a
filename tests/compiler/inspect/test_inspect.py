"""What an inspection says of models, whole and broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from sangi.compiler.inspect.document import as_document
from sangi.compiler.inspect.facts import Facts, Port
from sangi.compiler.inspect.inspect import inspect_model
from sangi.compiler.verify.passes import VerifyEach
from sangi.runtime.errors import ModelError, UsageError

from ..onnx_models import Model
from ..qonnx_models import QonnxModel


def network(folder: Path) -> tuple[Path, dict[str, int]]:
    """A ternary convolution, a MaxPool, an int4 Gemm and Softmax; and the number of zeros."""
    model = Model(("N", 3, 6, 6), opset=21)
    x = model.quantize("x", 1.0, 0)
    codes = model.random.integers(-1, 2, (4, 3, 3, 3)).astype(np.int8)
    scale = model.constant(np.float32(0.02))
    weight = model.node("DequantizeLinear", model.constant(codes), scale)
    x = model.node("Relu", model.node("Conv", x, weight, pads=[1] * 4))
    x = model.quantize(x, 0.05, 0)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Flatten", x)
    dense = model.random.integers(-7, 8, (5, 36)).astype(np.int8)
    weight = model.node("DequantizeLinear", model.constant(dense), scale)
    x = model.node("Gemm", x, weight, transB=1)
    path = model.save(folder, model.node("Softmax", x, axis=1))
    return path, {"Conv": int((codes == 0).sum()), "Gemm": int((dense == 0).sum())}


def test_layers_with_their_widths_work_and_places(tmp_path: Path) -> None:
    path, zeros = network(tmp_path)
    found = inspect_model(path)
    assert (found.quantized, found.assumed, found.problems) == (True, False, ())
    assert found.facts == Facts(
        "QDQ",
        21,
        8,
        "",
        (Port("x", ("N", 3, 6, 6), "FLOAT"),),
        (Port(onnx.load(path).graph.output[0].name, None, "FLOAT"),),
    )
    assert [row.op for row in found.layers] == ["Input", "Conv", "MaxPool", "Gemm", "Softmax"]
    assert [row.where for row in found.layers] == ["circuit"] * 4 + ["host"]
    assert [row.shape for row in found.layers] == [(6, 6, 3), (6, 6, 4), (3, 3, 4), (5,), (5,)]
    source, conv, pool, dense, softmax = found.layers
    assert (source.input_bits, source.output_bits) == (None, 8)
    assert (conv.weight_bits, conv.ternary, conv.input_bits, conv.output_bits) == (2, True, 8, 8)
    assert (conv.macs, conv.weights) == (6 * 6 * 4 * 27, 4 * 27)
    assert conv.nonzeros == conv.weights - zeros["Conv"]
    assert conv.engines[0] == "folded|skipping|unrolled"
    assert [name.split("|")[0] for name in conv.engines] == ["folded", "requantize"]
    # The Relu is part of the quantizer by then.
    assert conv.nodes == ("conv_3", "quantizelinear_5")
    assert (pool.weight_bits, pool.ternary, pool.macs, pool.engines) == (None, None, 0, ("pool",))
    assert (dense.weight_bits, dense.ternary, dense.output_bits) == (4, False, None)
    assert (dense.macs, dense.nonzeros) == (180, 180 - zeros["Gemm"])
    assert (softmax.engines, softmax.problems) == ((), ())
    assert (found.macs, found.weights) == (conv.macs + 180, 288)
    assert found.before == ()
    assert [steps for _, steps in found.after] == [("dequantize", "softmax")]


def test_engines_are_those_that_can_compute_a_layer(tmp_path: Path) -> None:
    """Not for wide layers the unrolled one, for grouped ones none but their own."""
    model = Model(("N", 4, 6, 6))
    x = model.quantize("x", 1.0, 0)
    x = model.quantize(model.qconv(x, 64, 4, pads=[1] * 4), 0.8, 110)
    depthwise = model.weight(64, 1, 3, 3, per_channel=True)
    x = model.quantize(model.node("Conv", x, depthwise, group=64), 0.8, 110)
    found = inspect_model(model.save(tmp_path, model.qconv(x, 2, 64)))
    engines = [row.engines[0] for row in found.layers if row.op == "Conv"]
    assert engines == ["folded|skipping", "grouped", "folded|skipping|unrolled"]


def test_what_the_host_does_before_the_circuit(tmp_path: Path) -> None:
    model = Model(("N", 8))
    x = model.quantize("x", 0.01, 3, np.int8)
    weight = model.weight(4, 8, per_channel=True)
    found = inspect_model(model.save(tmp_path, model.node("Gemm", x, weight, transB=1)))
    assert found.before == ("quantize",)
    assert found.layers[0].where == "host"


def float_model(folder: Path) -> Path:
    model = Model(("N", 3, 6, 6))
    x = model.node("Relu", model.conv("x", 4, 3))
    x = model.node("BatchNormalization", x, *(model.constant(np.ones(4, "f4")) for _ in range(4)))
    return model.save(folder, model.node("GlobalAveragePool", model.conv(x, 5, 4)))


def test_a_float_model_shows_the_widths_of_calibration(tmp_path: Path) -> None:
    path = float_model(tmp_path)
    assumed = inspect_model(path)
    assert (assumed.quantized, assumed.assumed, assumed.facts.format) == (False, True, "float")
    assert assumed.problems == ()
    widths = [(row.op, row.weight_bits, row.output_bits) for row in assumed.layers]
    assert widths == [
        ("Input", None, 8),
        ("Conv", 8, 8),
        ("Conv", 8, 8),
        ("GlobalAveragePool", None, None),
    ]
    assert (assumed.before, assumed.layers[0].engines) == ((), ())
    assert [row.assumed for row in assumed.layers] == [True, True, True, False]
    images = np.random.default_rng(0).integers(0, 256, (9, 6, 6, 3)).astype(np.uint8)
    calibrated = inspect_model(path, data=images)
    assert (calibrated.quantized, calibrated.assumed) == (False, False)
    assert not any(row.assumed for row in calibrated.layers)
    assert [row.name for row in calibrated.layers] == [row.name for row in assumed.layers]


def test_everything_that_could_be_read_of_a_broken_model(tmp_path: Path) -> None:
    model = Model(("N", 4, 6, 6))
    x = model.quantize("x", 1.0, 0)
    x = model.quantize(model.qconv(x, 4, 4, pads=[1] * 4), 0.8, 110)
    depthwise = model.weight(4, 1, 3, 3, per_channel=True)
    x = model.quantize(model.node("Conv", x, depthwise, group=4), 0.8, 110)
    x = model.quantize(model.node("Elu", x), 0.5, 100)
    x = model.qconv(x, 2, 4)
    found = inspect_model(model.save(tmp_path, x))
    assert not any(row.engines for row in found.layers)
    assert [(row.op, row.where) for row in found.layers] == [
        ("Input", "circuit"),
        ("Conv", "circuit"),
        ("Conv", "circuit"),
        ("Elu", "refused"),
        ("Conv", "circuit"),
    ]
    assert [problem.op for problem in found.problems] == ["Elu"]
    grouped = found.layers[2]
    assert (grouped.macs, grouped.weights) == (4 * 4 * 4 * 9, 36)
    assert found.layers[3].problems == ("op type Elu is not supported; use Relu",)
    assert sorted(found.layers[3].shape or ()) == [4, 4, 4]
    assert found.note.startswith("supported op types: Add, ")


def test_nodes_whose_shape_nobody_knows_are_shown_as_well(tmp_path: Path) -> None:
    model = Model(("N", 4))
    x = model.node("Frobnicate", model.quantize("x", 1.0, 0), domain="my.ops")
    found = inspect_model(model.save(tmp_path, model.node("Relu", x)))
    last = found.layers[-1]
    assert (last.op, last.shape, last.where) == ("Frobnicate", None, "refused")
    assert last.problems == ("op type my.ops.Frobnicate is not supported",)


def test_bipolar_and_odd_widths(tmp_path: Path) -> None:
    model = QonnxModel(("N", 6))
    x = model.quant("x", 0.25, 0, 5)
    weight = model.node(
        "BipolarQuant",
        model.constant(model.normal(6, 4)),
        model.floats(0.5),
        domain="onnx.brevitas",
    )
    x = model.quant(model.node("MatMul", x, weight), 0.5, 0, 3, signed=0)
    weight = model.quant(model.constant(model.normal(4, 3, scale=9)), 0.25, 0, 6)
    found = inspect_model(model.save(tmp_path, model.node("MatMul", x, weight)))
    assert found.facts.format == "QONNX"
    widths = [(r.weight_bits, r.ternary, r.input_bits, r.output_bits) for r in found.layers]
    assert widths[:2] == [(None, None, None, 5), (2, True, 5, 3)]
    assert widths[2][1:] == (False, 3, None)
    assert found.layers[1].nonzeros == 24


def test_only_the_quantizer_of_the_input_is_missing(tmp_path: Path) -> None:
    model = QonnxModel(("N", 6))
    weight = model.quant(model.constant(model.normal(6, 4)), 0.25, 0, 4)
    x = model.quant(model.node("MatMul", "x", weight), 0.5, 0, 6)
    path = model.save(tmp_path, x)
    found = inspect_model(path)
    assert (found.quantized, found.assumed, found.problems) == (True, True, ())
    assert [(row.output_bits, row.assumed) for row in found.layers] == [(8, True), (6, False)]
    pixels = inspect_model(path, mean=[128.0], std=[32.0])
    assert (pixels.quantized, pixels.assumed) == (True, False)
    assert not any(row.assumed for row in pixels.layers)


def test_passes_are_verified_on_the_way(tmp_path: Path) -> None:
    verify = VerifyEach()
    inspect_model(network(tmp_path)[0], verify=verify)
    assert verify.passes > 0
    assert verify.tensors > 0


def test_the_document_is_json(tmp_path: Path) -> None:
    document = json.loads(json.dumps(as_document(inspect_model(network(tmp_path)[0]), None)))
    assert document["schema"] == "sangi.inspect/1"
    assert document["check"] is None
    assert document["host"]["before"] == []
    assert document["layers"][2]["engines"] == ["pool"]


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "no.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"must be an ONNX model"):
        inspect_model(tmp_path / "no.onnx")
    with pytest.raises(UsageError):
        inspect_model(tmp_path / "missing.onnx")
