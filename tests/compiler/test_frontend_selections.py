"""Slices and Pads at every place of quantized networks: programs against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.frontend import load
from sangi.runtime.host import execute
from sangi.runtime.ops.conv import Conv
from sangi.runtime.program import Program

from .onnx_models import Model, onnx_runtime

SHAPE = (3, 9, 8)


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (24, *shape)).astype(np.uint8)


def agree(path: Path, x: np.ndarray, step: float) -> Program:
    """Compare the program with ONNX Runtime, which may go the other way at a tie."""
    program = load(path)
    given = x.transpose(0, 2, 3, 1) if x.ndim == 4 else x
    for want, got in zip(onnx_runtime(path, x), execute(program, given).values(), strict=True):
        assert got.shape == want.shape
        far = np.abs(got - want)
        assert far.max() <= 1.001 * step
        assert (far > 0.01 * step).mean() <= 0.001
    return program


class Selecting(Model):
    """Parts and paddings of images (N, C, H, W)."""

    def part(self, x: str, axis: int, start: int, step: int, end: int = 2**31) -> str:
        numbers = ([start], [end], [axis], [step])
        return self.node("Slice", x, *(self.constant(np.array(n, np.int64)) for n in numbers))

    def pad(self, x: str, *pads: int) -> str:
        sides = np.array([0, *pads[:3], 0, *pads[3:]], np.int64)
        return self.node("Pad", x, self.constant(sides))


def start(zero_point: int) -> tuple[Selecting, str]:
    """A quantized layer in front; its grid has its zero point at the start or between."""
    model = Selecting(("N", *SHAPE))
    x = model.qconv(model.quantize("x", 1.0, 0), 4, 3, pads=[1] * 4)
    return model, model.quantize(x, 1.7, zero_point)


@pytest.mark.parametrize("zero_point", [0, 110])
def test_shortcuts(tmp_path: Path, zero_point: int) -> None:
    model, x = start(zero_point)
    short = model.part(model.part(x, 2, 0, 2), 3, 0, 2)
    short = model.pad(short, 1, 0, 0, 3, 0, 0)
    x = model.quantize(model.qconv(x, 8, 4, strides=[2, 2], pads=[1] * 4), 2.0, 90)
    x = model.quantize(model.node("Relu", model.node("Add", x, short)), 1.9, 0)
    program = agree(model.save(tmp_path, x), pixels(*SHAPE), 1.9)
    assert sum(isinstance(node.op, Conv) for node in program.nodes) == 3


@pytest.mark.parametrize("zero_point", [0, 110])
def test_parts_and_paddings_in_front_of_layers(tmp_path: Path, zero_point: int) -> None:
    model, x = start(zero_point)
    x = model.pad(model.part(x, 2, 1, 2), 0, 1, 2, 0, 0, 1)
    x = model.quantize(model.qconv(x, 5, 4), 2.5, 70)
    x = model.pad(model.part(x, 1, 4, 1), 1, 0, 0, 2, 0, 0)
    x = model.quantize(model.node("AveragePool", x, kernel_shape=[2, 2]), 1.0, 70)
    x = model.quantize(model.qconv(model.pad(x, 0, 0, 0, 1, 2, 0), 3, 5, 2), 3.0, 128)
    x = model.node("Flatten", x)
    x = model.part(x, 1, 2, 3)
    features = onnx_runtime(model.save(tmp_path, x), pixels(*SHAPE)[:1])[0].shape[1]
    x = model.node("Gemm", x, model.weight(4, features, per_channel=True), transB=1)
    agree(model.save(tmp_path, model.quantize(x, 5.0, 99)), pixels(*SHAPE), 5.0)


@pytest.mark.parametrize("zero_point", [0, 110])
def test_between_a_layer_and_its_quantizer(tmp_path: Path, zero_point: int) -> None:
    model, x = start(zero_point)
    x = model.part(model.qconv(x, 6, 4), 1, 1, 2)
    x = model.pad(model.node("Relu", x), 1, 1, 0, 0, 0, 1)
    x = model.quantize(x, 2.2, zero_point)
    x = model.part(x, 3, 1, 1, -1)
    x = model.quantize(model.node("MaxPool", x, kernel_shape=[2, 2]), 2.2, zero_point)
    agree(model.save(tmp_path, x), pixels(*SHAPE), 2.2)


def test_of_the_input(tmp_path: Path) -> None:
    model = Selecting(("N", *SHAPE))
    x = model.pad(model.part("x", 1, 2, 1), 1, 2, 0, 1, 0, 0)
    x = model.quantize(x, 1.0, 0)
    x = model.quantize(model.qconv(x, 4, 3), 1.7, 100)
    agree(model.save(tmp_path, x), pixels(*SHAPE), 1.7)


def test_at_the_end(tmp_path: Path) -> None:
    model, x = start(110)
    outputs = [
        model.part(x, 1, 1, 2),
        model.pad(x, 2, 1, 0, 0, 0, 1),
        model.node("Softmax", model.part(model.node("Flatten", x), 1, 5, 9)),
    ]
    agree(model.save(tmp_path, *outputs), pixels(*SHAPE), 1.7)


def test_features(tmp_path: Path) -> None:
    model = Selecting(("N", 20))
    x = model.quantize("x", 1.0, 3)
    x = model.part(x, 1, 1, 3)
    x = model.node("Pad", x, model.constant(np.array([0, 2, 0, 1], np.int64)))
    x = model.node("Gemm", x, model.weight(4, 10, per_channel=True), transB=1)
    agree(model.save(tmp_path, model.quantize(x, 2.0, 99)), pixels(20), 2.0)
