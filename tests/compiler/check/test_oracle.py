"""Execution of original models: which oracle, which batch, which dtype, which tensors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sangi.compiler.check.check import check_model
from sangi.compiler.check.oracle import Oracle, needs_qonnx, open_oracle, tensors_of
from sangi.compiler.check.results import Steps
from sangi.compiler.onnx_io.read.inputs import with_input_shape
from sangi.runtime.errors import DataError, ToolError

from ..onnx_models import Model, onnx_runtime
from ..qonnx_models import GENERAL, QonnxModel, execute_qonnx

CHANNELS_LAST = "qonnx.custom_op.channels_last"


def opened(path: Path) -> Oracle:
    model = with_input_shape(onnx.load(path), None)
    return open_oracle(model, tensors_of(model))


def frames(*shape: int) -> np.ndarray:
    return np.random.default_rng(2).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 4, "N"])
def test_frames_are_fed_in_the_batches_of_the_file(tmp_path: Path, batch: Any) -> None:
    model = Model((batch, 3, 5, 5))
    inner = model.conv("x", 4, 3)
    path = model.save(tmp_path, model.node("Relu", inner))
    x = frames(8, 3, 5, 5)
    size = batch if isinstance(batch, int) else 1
    wanted = np.concatenate([onnx_runtime(path, x[i : i + size])[0] for i in range(0, 8, size)])
    oracle = opened(path)
    assert oracle.name == "ONNX Runtime"
    # The last batch is not full.
    found = oracle.run(x[:7])
    assert set(found) == {"x", inner, "relu_1:0"}
    np.testing.assert_array_equal(found["relu_1:0"], wanted.reshape(8, -1)[:7])
    assert (found[inner] < 0).any()


def test_a_model_for_a_batch_of_its_own_is_checked(tmp_path: Path) -> None:
    model = Model((4, 3, 5, 5))
    x = model.quantize("x", 1.0, 0)
    x = model.quantize(model.qconv(x, 4, 3), 0.8, 122)
    images = np.random.default_rng(0).integers(0, 256, (6, 5, 5, 3)).astype(np.uint8)
    check = check_model(model.save(tmp_path, x), images)
    assert [layer.elements for layer in check.layers] == [6 * 75, 6 * 36]
    check.verify()


def with_integer_input(path: Path, kind: int) -> Path:
    model = onnx.load(path)
    model.graph.input[0].type.tensor_type.elem_type = kind
    path.write_bytes(model.SerializeToString())
    return path


def test_an_integer_input_takes_what_it_holds(tmp_path: Path) -> None:
    model = Model(("N", 6))
    scale, zero = model.constant(np.float32(0.5)), model.constant(np.int8(3))
    x = model.node("DequantizeLinear", "x", scale, zero)
    path = with_integer_input(model.save(tmp_path, x), TensorProto.INT8)
    oracle = opened(path)
    assert oracle.dtype == np.int8
    whole = np.arange(-6, 6).reshape(2, 6).astype(np.float32)
    np.testing.assert_array_equal(oracle.run(whole)["dequantizelinear_0:0"], (whole - 3) * 0.5)
    message = r"images must be whole numbers in -128…127 for an input of type int8, not in 0…255"
    with pytest.raises(DataError, match=message):
        oracle.run(np.array([[0, 1, 2, 3, 4, 255]], np.uint8))
    with pytest.raises(DataError, match=r"not in 0\.5…1"):
        oracle.run(np.array([[0.5, 1, 1, 1, 1, 1]], np.float32))


def test_what_onnx_runtime_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    model = Model(("N", 6))
    x = model.node("Gemm", "x", model.constant(frames(5, 4)))
    path = model.save(tmp_path, x)
    with pytest.raises(ToolError, match=r"^ONNX Runtime cannot execute the model: "):
        opened(path)


def quantized(folder: Path, domain: str) -> Path:
    model = QonnxModel(("N", 3, 4, 4))
    x = model.quant("x", 0.25, domain=domain)
    x = model.node("Conv", x, model.quant(model.constant(frames(4, 3, 2, 2)), 0.1, 0, 4, domain))
    x = model.node("BipolarQuant", x, model.floats(0.3), domain=domain)
    return model.save(folder, model.node("Relu", x))


@pytest.mark.parametrize("domain", ["", GENERAL, "finn.custom_op.general", "onnx.brevitas"])
def test_qonnx_executes_its_ops_of_any_domain(tmp_path: Path, domain: str) -> None:
    path = quantized(tmp_path, domain)
    x = frames(5, 3, 4, 4)
    (wanted,) = execute_qonnx(path, x).values()
    oracle = opened(path)
    assert oracle.name == "qonnx"
    found = oracle.run(x)
    np.testing.assert_array_equal(found["relu_4:0"], wanted.reshape(5, -1))
    assert set(np.unique(found["bipolarquant_3:0"])) == {np.float32(-0.3), np.float32(0.3)}


def test_standard_models_need_no_qonnx(tmp_path: Path) -> None:
    model = Model(("N", 3, 4, 4))
    assert not needs_qonnx(onnx.load(model.save(tmp_path, model.quantize("x", 1.0, 0))))
    assert needs_qonnx(onnx.load(quantized(tmp_path, "")))


def test_channels_last_ops_are_their_standard_ops_between_transposes(tmp_path: Path) -> None:
    pytest.importorskip("qonnx")
    weight = frames(4, 2, 3, 3)
    first = Model(("N", 2, 6, 5))
    first_y = first.node("Conv", "x", first.constant(weight), pads=[1] * 4, strides=[2, 1])
    x = frames(1, 2, 6, 5)
    (wanted,) = onnx_runtime(first.save(tmp_path, first_y, name="first.onnx"), x)
    last = Model(("N", 6, 5, 2))
    last_y = last.node(
        "Conv",
        "x",
        last.constant(np.ascontiguousarray(weight.transpose(0, 2, 3, 1))),
        pads=[1] * 4,
        strides=[2, 1],
        domain=CHANNELS_LAST,
    )
    found = opened(last.save(tmp_path, last_y, name="last.onnx")).run(x.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(found[last_y], wanted.transpose(0, 2, 3, 1).reshape(1, -1))


def test_the_older_max_pool_of_finn(tmp_path: Path) -> None:
    pytest.importorskip("qonnx")
    options = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 0, 0]}
    model = Model(("N", 6, 4, 3))
    y = model.node("MaxPoolNHWC", "x", domain="finn.custom_op.general", **options)
    x = frames(2, 6, 4, 3)
    found = opened(model.save(tmp_path, y)).run(x)[y]
    wanted = x.reshape(2, 3, 2, 2, 2, 3).max(axis=(2, 4))
    np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)


def test_without_qonnx_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = quantized(tmp_path, GENERAL)
    for name in [name for name in sys.modules if name.split(".")[0] == "qonnx"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "qonnx", None)
    with pytest.raises(ToolError) as error:
        opened(path)
    assert str(error.value) == (
        "Quant 'quant_0' is executed by the package qonnx, which must be installed: "
        "pip install qonnx"
    )


def test_an_op_that_qonnx_does_not_know_is_named(tmp_path: Path) -> None:
    pytest.importorskip("qonnx")
    model = Model(("N", 3))
    path = model.save(tmp_path, model.node("Frobnicate", "x", domain="my.ops"))
    with pytest.raises(
        ToolError, match=r"^Frobnicate 'frobnicate_0': qonnx has no op my\.ops\.Fro"
    ):
        opened(path)


def test_initializers_that_are_inputs_as_well(tmp_path: Path) -> None:
    model = QonnxModel(("N", 3, 4, 4))
    x = model.quant("x", 0.25)
    path = model.save(tmp_path, model.node("Relu", x))
    changed = onnx.load(path)
    for tensor in changed.graph.initializer:
        changed.graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        )
    path.write_bytes(changed.SerializeToString())
    grid = np.clip(np.rint(frames(2, 3, 4, 4) * 4), -128, 127) / 4
    found = opened(path).run(frames(2, 3, 4, 4))
    np.testing.assert_array_equal(found["relu_1:0"], np.maximum(grid, 0).reshape(2, -1))


def test_tensors_of_types_that_numpy_lacks(tmp_path: Path) -> None:
    model = Model(("N", 6), opset=21)
    scale = model.constant(np.float32(0.5))
    zero = helper.make_tensor("zero", TensorProto.INT4, [], [2])
    model.initializers.append(zero)
    codes = model.node("QuantizeLinear", "x", scale, "zero")
    path = model.save(tmp_path, model.node("DequantizeLinear", codes, scale, "zero"))
    changed = onnx.load(path)
    changed.ir_version = 10
    path.write_bytes(changed.SerializeToString())
    x = frames(4, 6) * 3
    wanted = np.clip(np.rint(x / np.float32(0.5)) + 2, -8, 7)
    found = opened(path).run(x)[codes]
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, wanted)
    check = check_model(path, x)
    assert [(layer.tensor, layer.fed) for layer in check.layers] == [(codes, Steps(0, 0))]


def test_what_qonnx_cannot_execute_is_said_with_the_node(tmp_path: Path) -> None:
    pytest.importorskip("qonnx")
    model = QonnxModel(("N", 3))
    path = model.save(tmp_path, model.quant("x", 0.5, rounding_mode="SIDEWAYS"))
    with pytest.raises(ToolError, match=r"^qonnx cannot execute Quant 'quant_0': "):
        opened(path).run(frames(1, 3))
