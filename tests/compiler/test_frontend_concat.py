"""Whole models with Concat, as other tools write them: the program gives what they give."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from sangi.compiler.frontend import load
from sangi.runtime.host import execute
from sangi.runtime.ops.concat import Concat

from .onnx_io.quantized import agree, pixels
from .onnx_models import Model
from .qonnx_models import GENERAL, QonnxModel, execute_qonnx


class Frames(CalibrationDataReader):  # type: ignore[misc]
    """Eight frames of pixels for ONNX Runtime's quantizer."""

    def __init__(self) -> None:
        self.frames: Iterator[np.ndarray] = iter(pixels(3, 8, 8, frames=8))

    def get_next(self) -> dict[str, np.ndarray] | None:
        frame = next(self.frames, None)
        return None if frame is None else {"x": frame[None]}


def dense_block(folder: Path) -> Path:
    """Joined with and without a Relu between, behind pools of either kind."""
    model = Model(("N", 3, 8, 8), opset=13)
    x = model.node("Relu", model.conv("x", 4, 3, pads=[1] * 4))
    y = model.conv(x, 3, 4, pads=[1] * 4)
    x = model.node("Relu", model.node("Concat", y, x, axis=1))
    # Means of nine codes never tie, where float32 would take either side.
    pool = {"kernel_shape": [3, 3]}
    left, right = model.node("MaxPool", x, **pool), model.node("AveragePool", x, **pool)
    x = model.node("Concat", left, right, axis=1)
    return model.save(folder, model.conv(x, 5, 14), name="float.onnx")


@pytest.mark.parametrize("layout", [QuantFormat.QDQ, QuantFormat.QOperator])
@pytest.mark.parametrize("kind", [QuantType.QUInt8, QuantType.QInt8])
def test_what_onnx_runtime_quantized(tmp_path: Path, layout: Any, kind: Any) -> None:
    path = tmp_path / "quantized.onnx"
    options = {"quant_format": layout, "activation_type": kind, "weight_type": QuantType.QInt8}
    quantize_static(dense_block(tmp_path), path, Frames(), **options)
    proto = onnx.load(path)
    joined = "QLinearConcat" if layout is QuantFormat.QOperator else "Concat"
    assert [node.op_type for node in proto.graph.node].count(joined) == 2
    last = f"{proto.graph.output[0].name}_scale"
    (step,) = (numpy_helper.to_array(i) for i in proto.graph.initializer if i.name == last)
    program = agree(path, pixels(3, 8, 8, frames=64), float(step))
    assert sum(isinstance(node.op, Concat) for node in program.nodes) == 2
    # Codes are joined, not accumulators.
    assert all(type_.bits <= 9 for type_ in joined_types(program))


def joined_types(program: Any) -> list[Any]:
    return [program.types[node.output] for node in program.nodes if isinstance(node.op, Concat)]


def test_quantizers_of_qonnx(tmp_path: Path) -> None:
    """Brevitas' QuantCat: one quantizer for both inputs, and few bits."""
    model = QonnxModel(("N", 2, 4, 4))
    x = model.quant("x", 1 / 8)
    weight = model.quant(model.constant(model.normal(3, 2, 1, 1)), 1 / 4, 0, 3)
    y = model.node("Relu", model.node("Conv", x, weight))
    codes = [model.quant(value, 1 / 4, 0, 4, signed=0) for value in (y, x)]
    joined = model.node("Concat", *codes, axis=1)
    weight = model.quant(model.constant(model.normal(4, 5, 3, 3)), 1 / 4, 0, 2, narrow=1)
    path = model.save(tmp_path, model.node("Conv", joined, weight, pads=[1] * 4))
    same_as_qonnx(path)


def test_thresholds_of_finn(tmp_path: Path) -> None:
    """Thresholds per channel of what was joined are cut as its channels are."""
    model = QonnxModel(("N", 2, 4, 4))
    x = model.quant("x", 1 / 8)
    weight = model.quant(model.constant(model.normal(3, 2, 1, 1)), 1 / 4, 0, 3)
    joined = model.node("Concat", model.node("Conv", x, weight), x, axis=1)
    steps = np.sort(model.normal(5, 3), axis=1)
    codes = model.node("MultiThreshold", joined, model.floats(steps), domain=GENERAL)
    weight = model.quant(model.constant(model.normal(4, 5, 3, 3)), 1 / 4, 0, 2, narrow=1)
    program = same_as_qonnx(model.save(tmp_path, model.node("Conv", codes, weight)))
    assert [type_.bits for type_ in joined_types(program)] == [2]


def same_as_qonnx(path: Path) -> Any:
    x = np.random.default_rng(0).integers(-100, 100, (10, 2, 4, 4)) / 8
    program = load(path)
    given = x.transpose(0, 2, 3, 1) if program.inputs[0].layout == "NCHW" else x
    (want,) = execute_qonnx(path, x).values()
    (got,) = execute(program, given).values()
    np.testing.assert_array_equal(got, want)
    return program
