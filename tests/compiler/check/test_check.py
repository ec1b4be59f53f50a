"""The comparison of programs with ONNX Runtime and qonnx: right ones agree, wrong ones do not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from sangi.compiler.check import compare as compare_module
from sangi.compiler.check.check import check_model, check_subject, load_subject
from sangi.compiler.check.compare import Subject
from sangi.compiler.check.oracle import open_oracle
from sangi.compiler.check.results import Check
from sangi.compiler.ir.origin import transposed
from sangi.compiler.onnx_io.read.inputs import with_input_shape
from sangi.runtime.errors import MismatchError
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense

from ..onnx_models import Model
from ..qonnx_models import QonnxModel

FRAMES = 12


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (FRAMES, *shape)).astype(np.uint8)


def classifier(folder: Path) -> Path:
    """Two convolutions, one of them quantized behind a Relu and a MaxPool, a Gemm and Softmax."""
    model = Model(("N", 3, 6, 6))
    x = model.quantize("x", 1.0, 0)
    x = model.node("Relu", model.qconv(x, 4, 3, pads=[1] * 4))
    x = model.quantize(x, 0.5, 3)
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = model.quantize(model.qconv(x, 5, 4, pads=[1] * 4), 0.4, 120)
    x = model.node("Flatten", x)
    weight = model.weight(7, 45, per_channel=False)
    x = model.node("Gemm", x, weight, transB=1)
    x = model.node("Mul", x, model.constant(np.float32(0.01)))
    return model.save(folder, model.node("Softmax", x, axis=1))


def verdict(path: Path, subject: Subject, x: np.ndarray) -> Check:
    oracle = open_oracle(with_input_shape(onnx.load(path), None), subject.wanted)
    return check_subject(subject, oracle, x, name=path.name)


def one_weight_changed(subject: Subject, name: str) -> Subject:
    nodes = []
    for node in subject.program.nodes:
        op = node.op
        if node.name == name:
            assert isinstance(op, Conv | Dense)
            weights = op.weights.copy()
            weights.flat[1] += -60 if weights.flat[1] > 0 else 60
            op = replace(op, weights=weights)
        nodes.append(replace(node, op=op))
    return replace(subject, program=replace(subject.program, nodes=tuple(nodes)))


def test_every_layer_of_a_right_program_agrees(tmp_path: Path) -> None:
    check = check_model(classifier(tmp_path), pixels(6, 6, 3))
    assert check.oracle == "ONNX Runtime"
    assert (check.frames, check.exact, check.skipped) == (FRAMES, True, ())
    layers = [(layer.op, layer.elements // FRAMES) for layer in check.layers]
    assert layers == [("Input", 108), ("Conv", 144), ("MaxPool", 36), ("Conv", 45)]
    assert check.fed.share >= 0.9999
    assert check.fed.largest <= 1
    (output,) = check.outputs
    assert output.same_top1 == 1.0
    assert output.difference < 1e-4
    assert output.wrong == 0
    check.verify()


def test_a_changed_weight_is_found_where_it_is(tmp_path: Path) -> None:
    path = classifier(tmp_path)
    subject = load_subject(path)
    names = [node.name for node in subject.program.nodes if isinstance(node.op, Conv)]
    check = verdict(path, one_weight_changed(subject, names[1]), pixels(6, 6, 3))
    with pytest.raises(MismatchError) as error:
        check.verify()
    message = str(error.value)
    assert message.startswith(
        "net.onnx: program and ONNX Runtime must agree where each layer gets "
        "ONNX Runtime's inputs:\n"
    )
    assert f"Conv '{names[1]}' must differ by at most 1 step, not " in message
    assert "Gemm" not in message and names[0] not in message
    # Run from the images on, everything behind the wrong layer differs; fed, nothing else does.
    by_layer = {layer.layer: layer for layer in check.layers}
    assert by_layer[names[0]].fed is not None and by_layer[names[0]].fed.unequal == 0
    assert check.outputs[0].wrong == 0


def test_a_changed_weight_before_an_output_without_a_quantizer_is_found(tmp_path: Path) -> None:
    path = classifier(tmp_path)
    subject = load_subject(path)
    (name,) = (node.name for node in subject.program.nodes if isinstance(node.op, Dense))
    check = verdict(path, one_weight_changed(subject, name), pixels(6, 6, 3))
    assert check.fed.unequal == 0
    (mismatch,) = check.mismatches
    assert mismatch.startswith(f"output '{subject.program.outputs[0].name}' of")
    assert f"of '{name}' must differ by no more than float32 rounding, and " in mismatch


def cube(folder: Path) -> Path:
    """As many rows and columns as channels: only the recorded order of elements tells them."""
    model = Model((1, 5, 5, 5))
    x = model.quantize("x", 1.0, 0)
    x = model.quantize(model.qconv(x, 5, 5, pads=[1] * 4), 0.9, 117)
    return model.save(folder, model.quantize(model.qconv(x, 5, 5, pads=[1] * 4), 0.7, 130))


def test_layouts_that_shapes_do_not_tell_apart(tmp_path: Path) -> None:
    path, x = cube(tmp_path), pixels(5, 5, 5)
    check = check_model(path, x)
    assert [layer.op for layer in check.layers] == ["Input", "Conv", "Conv"]
    assert check.fed.unequal <= 1 and check.whole.unequal <= 2
    check.verify()
    # In the file's order of elements, the same tensors are far from equal.
    subject = load_subject(path)
    straight = [replace(pair, places=np.arange(125)) for pair in subject.coded]
    turned = transposed((5, 5, 5), (1, 2, 0))
    assert all((pair.places == turned).all() for pair in subject.coded)
    wrong = verdict(path, replace(subject, coded=straight), x)
    assert wrong.fed.share < 0.5
    with pytest.raises(MismatchError):
        wrong.verify()


def test_a_float_model_is_compared_by_noise_and_decisions(tmp_path: Path) -> None:
    model = Model(("N", 3, 6, 6))
    x = model.node("Relu", model.conv("x", 4, 3, pads=[1] * 4))
    x = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Relu", model.conv(x, 4, 4, 2))
    path = model.save(tmp_path, model.node("GlobalAveragePool", x))
    images = pixels(6, 6, 3)
    check = check_model(path, images, data=images)
    assert not check.exact
    # Relus are looked at behind, though the program has them in the quantizers.
    assert [layer.tensor for layer in check.layers] == ["x", "relu_1:0", "maxpool_2:0", "relu_4:0"]
    assert check.layers[0].sqnr is None
    assert all(30 < (layer.sqnr or 0) < 60 for layer in check.layers[1:])
    assert all(layer.fed is None for layer in check.layers)
    assert check.outputs[0].wrong is None
    assert check.outputs[0].difference < 0.05
    check.verify()


def test_qonnx_ops_of_any_domain_and_without_imports(tmp_path: Path) -> None:
    pytest.importorskip("qonnx")
    model = QonnxModel(("N", 2, 5, 5))
    x = model.quant("x", 1 / 8, domain="onnx.brevitas", signed=0)
    weight = model.quant(model.constant(model.normal(3, 2, 3, 3)), 0.25, 0, 3, domain="")
    x = model.node("Conv", x, weight, pads=[1] * 4)
    x = model.node("BipolarQuant", x, model.floats(0.5), domain="finn.custom_op.general")
    path = model.save(tmp_path, model.node("Relu", x))
    check = check_model(path, pixels(5, 5, 2), std=[32.0])
    assert check.oracle == "qonnx"
    assert [layer.op for layer in check.layers] == ["Input", "Conv"]
    assert check.fed.unequal == 0
    check.verify()


def test_an_input_that_only_calibration_quantizes_is_not_judged(tmp_path: Path) -> None:
    pytest.importorskip("qonnx")
    model = QonnxModel(("N", 6))
    weight = model.quant(model.constant(model.normal(6, 4)), 0.25, 0, 4)
    x = model.quant(model.node("MatMul", "x", weight), 0.125, 0, 6)
    weight = model.quant(model.constant(model.normal(4, 5)), 0.25, 0, 4)
    x = model.quant(model.node("MatMul", x, weight), 0.25, 0, 6)
    path = model.save(tmp_path, x)
    images = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    check = check_model(path, images, data=images)
    assert check.exact
    assert [layer.fed is None for layer in check.layers] == [True, True, False]
    assert check.fed.elements == 200
    assert check.fed.unequal == 0
    assert check.whole.unequal > 0
    check.verify()


def test_thresholds_are_steps(tmp_path: Path) -> None:
    pytest.importorskip("qonnx")
    model = QonnxModel(("N", 3, 4, 4))
    x = model.quant("x", 0.25)
    rows = np.sort(model.normal(3, 3, scale=4.0), axis=1)
    options = {"out_scale": 0.5, "out_bias": -0.75, "out_dtype": "UINT2"}
    x = model.node(
        "MultiThreshold", x, model.floats(rows), domain="qonnx.custom_op.general", **options
    )
    path = model.save(tmp_path, x)
    images = np.random.default_rng(1).normal(scale=4, size=(9, 4, 4, 3)).astype(np.float32)
    check = check_model(path, images)
    assert [layer.tensor for layer in check.layers] == ["quant_0:0", "multithreshold_1:0"]
    assert check.fed.unequal == check.whole.unequal == 0
    subject = load_subject(path)
    (pair,) = (pair for pair in subject.coded if pair.onnx == "multithreshold_1:0")
    assert (pair.factor, pair.shift) == (0.5, -0.75)


def test_several_outputs_and_a_tensor_that_is_one_on_the_way(tmp_path: Path) -> None:
    model = Model(("N", 2, 4, 4))
    x = model.quantize("x", 1.0, 0)
    first = model.quantize(model.qconv(x, 3, 2, pads=[1] * 4), 0.9, 120)
    second = model.qconv(first, 4, 3)
    path = model.save(tmp_path, first, second)
    check = check_model(path, pixels(4, 4, 2))
    assert [output.name for output in check.outputs] == [first, second]
    # The quantized output is judged as a layer.
    assert [output.wrong for output in check.outputs] == [None, 0]
    check.verify()


def test_frames_are_compared_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, images = cube(tmp_path), pixels(5, 5, 5)
    whole = check_model(path, images)
    monkeypatch.setattr(compare_module, "MOST_ELEMENTS", 1)
    parts = check_model(path, images)
    assert (parts.fed, parts.whole, parts.frames) == (whole.fed, whole.whole, FRAMES)
