"""Networks that random ones have shown to be told wrongly or refused: each against the oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from .onnx_models import Model
from .property.compare import check
from .property.sketch import Case

QONNX = "qonnx.custom_op.general"


def exact(model: Model, folder: Path, frames: np.ndarray, *outputs: str) -> None:
    """Check that a model is taken and gives the exact numbers."""
    path = model.save(folder, *outputs)
    file = onnx.load(path)
    file.opset_import.append(helper.make_opsetid(QONNX, 1))
    outcome = check(Case(file, frames.astype(np.float32), frozenset()), folder)
    assert outcome.refusal is None, outcome.refusal


def steps(*shape: int) -> np.ndarray:
    return np.random.default_rng(4).integers(-20, 20, (2, *shape)) / 2


def test_a_clip_in_front_of_the_input_quantizer_holds(tmp_path: Path) -> None:
    model = Model(("N", 8))
    limits = model.constant(np.float32(-4)), model.constant(np.float32(2.5))
    x = model.quantize(model.node("Clip", "x", *limits), 0.5, 0, np.int8)
    exact(model, tmp_path, steps(8), model.quantize(model.node("Add", x, x), 1.0, 3, np.int8))


def test_channels_that_pad_bipolar_values_are_zeros(tmp_path: Path) -> None:
    model = Model(("N", 2, 3, 3))
    one = model.constant(np.float32(1))
    x = model.node("BipolarQuant", "x", one, domain=QONNX)
    pads = model.constant(np.array([0, 1, 0, 0, 0, 2, 0, 0]))
    exact(model, tmp_path, steps(2, 3, 3), model.node("Pad", x, pads))


def test_an_output_in_front_of_the_first_layer_keeps_its_layout(tmp_path: Path) -> None:
    model = Model(("N", 2, 4, 3))
    first = model.quantize("x", 0.5, 3, np.int8)
    rows = [model.constant(np.array([v])) for v in (1, 4, 2, 2)]
    second = model.node("Slice", model.node("Add", first, first), *rows)
    pooled = model.node("MaxPool", second, kernel_shape=[2, 2])
    exact(model, tmp_path, steps(2, 4, 3), first, second, pooled)


def test_an_annotated_input_may_lie_below_zero(tmp_path: Path) -> None:
    model = Model(("N", 2, 3, 3))
    weight = model.constant(model.random.integers(-1, 2, (4, 2, 2, 2)).astype(np.float32))
    rows = model.constant(np.array([[-1, 0, 2]], np.float32))
    x = model.node("Conv", "x", weight)
    x = model.node("MultiThreshold", x, rows, domain=QONNX, out_dtype="UINT2")
    path = model.save(tmp_path, x)
    file = onnx.load(path)
    file.opset_import.append(helper.make_opsetid(QONNX, 1))
    entry = onnx.StringStringEntryProto(key="finn_datatype", value="BIPOLAR")
    annotation = onnx.TensorAnnotation(tensor_name="x", quant_parameter_tensor_names=[entry])
    file.graph.quantization_annotation.append(annotation)
    frames = np.where(steps(2, 3, 3) < 0, -1, 1).astype(np.float32)
    assert check(Case(file, frames, frozenset()), tmp_path).refusal is None
