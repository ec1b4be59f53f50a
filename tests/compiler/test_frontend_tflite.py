"""Graphs as converters from TensorFlow Lite leave them: channels last, with Transposes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.frontend import load, load_graph
from sangi.compiler.ir.ops.input import Input
from sangi.runtime.host import execute

from .onnx_models import Model, onnx_runtime
from .read_models import kinds

FIRST, LAST = [0, 3, 1, 2], [0, 2, 3, 1]
SIZE = 8


class Converted(Model):
    """Writes int8 networks over (N, H, W, C), whose convolutions stand between Transposes."""

    def grid(self, scale: float, zero_point: int) -> tuple[str, str]:
        return self.constant(np.float32(scale)), self.constant(np.int8(zero_point))

    def codes(self, x: str, scale: float, zero_point: int) -> str:
        return self.node("QuantizeLinear", x, *self.grid(scale, zero_point))

    def real(self, x: str, scale: float, zero_point: int) -> str:
        return self.node("DequantizeLinear", x, *self.grid(scale, zero_point))

    def layer(self, x: str, filters: int, channels: int, **options: object) -> str:
        """Transpose, Conv with weights per channel on axis 0 and an int32 bias, Transpose."""
        x = self.node("Transpose", x, perm=FIRST)
        x = self.qconv(x, filters, channels, per_channel=True, kind=np.int8, **options)
        return self.node("Transpose", x, perm=LAST)

    def pads(self, *sides: int) -> str:
        top, left, bottom, right = sides
        return self.constant(np.array([0, top, left, 0, 0, bottom, right, 0], np.int64))


def pixels() -> np.ndarray:
    frames = np.random.default_rng(5).integers(0, 256, (24, SIZE, SIZE, 3))
    return frames.astype(np.uint8)


def agree(path: Path, step: float) -> list[str]:
    """Compare the program with ONNX Runtime; return the kinds of the graph's nodes."""
    x = pixels()
    program = load(path)
    assert program.inputs[0].layout == "NHWC"
    for want, got in zip(onnx_runtime(path, x), execute(program, x).values(), strict=True):
        assert got.shape == want.shape
        far = np.abs(got - want)
        assert far.max() <= 1.001 * step
        assert (far > 0.01 * step).mean() <= 0.001
    return kinds(load_graph(path))


def classified(model: Converted, x: str, features: int) -> str:
    x = model.node("Reshape", x, model.constant(np.array([-1, features], np.int64)))
    weight = model.weight(5, features, per_channel=True)
    x = model.node("Gemm", x, weight, model.constant(model.normal(5)), transB=1)
    return model.real(model.codes(x, 0.9, -3), 0.9, -3)


def test_transposes_around_every_layer(tmp_path: Path) -> None:
    model = Converted(("N", SIZE, SIZE, 3))
    x = model.real(model.codes("x", 2.0, -128), 2.0, -128)
    x = model.node("Relu", model.layer(x, 6, 3, pads=[1] * 4))
    x = model.real(model.codes(x, 2.1, -128), 2.1, -128)
    pooled = model.node("Transpose", x, perm=FIRST)
    pooled = model.node("MaxPool", pooled, kernel_shape=[2, 2], strides=[2, 2])
    x = model.layer(model.node("Transpose", pooled, perm=LAST), 4, 6)
    x = model.real(model.codes(x, 3.0, 11), 3.0, 11)
    found = agree(model.save(tmp_path, classified(model, x, 2 * 2 * 4)), 0.9)
    # The last Reshape has its elements in the order of the file: channels last.
    assert "Transpose" not in found and found.count("Reshape") == 1


def test_transposes_between_quantizers(tmp_path: Path) -> None:
    model = Converted(("N", SIZE, SIZE, 3))
    codes = model.node("Transpose", model.codes("x", 2.0, -128), perm=FIRST)
    x = model.qconv(model.real(codes, 2.0, -128), 4, 3, pads=[1] * 4)
    codes = model.node("Transpose", model.codes(x, 2.5, -20), perm=LAST)
    shape = model.constant(np.array([-1, SIZE * SIZE * 4], np.int64))
    x = model.real(model.node("Reshape", codes, shape), 2.5, -20)
    weight = model.weight(3, SIZE * SIZE * 4, per_channel=True)
    x = model.node("MatMul", x, model.node("Transpose", weight, perm=[1, 0]))
    found = agree(model.save(tmp_path, model.real(model.codes(x, 9.0, 0), 9.0, 0)), 9.0)
    assert "Transpose" not in found


@pytest.mark.parametrize("place", ["real", "codes"])
def test_pads_are_the_padding_of_layers(tmp_path: Path, place: str) -> None:
    model = Converted(("N", SIZE, SIZE, 3))
    x = model.codes("x", 2.0, -100)
    for scale, zero, sides, filters, channels in (
        (2.0, -100, (0, 0, 1, 1), 6, 3),
        (2.2, 17, (1, 2, 0, 1), 4, 6),
    ):
        if place == "codes":
            value = model.constant(np.int8(zero))
            x = model.real(model.node("Pad", x, model.pads(*sides), value), scale, zero)
        else:
            x = model.node("Pad", model.real(x, scale, zero), model.pads(*sides))
        x = model.layer(x, filters, channels, strides=[2, 2])
        x = model.codes(x, 2.2, 17)
    found = agree(model.save(tmp_path, model.real(x, 2.2, 17)), 2.2)
    assert "Transpose" not in found and "Pad" not in found
    assert found.count("Conv") == 2


def test_a_padded_maximum_and_a_padded_quantizer(tmp_path: Path) -> None:
    model = Converted(("N", SIZE, SIZE, 3))
    x = model.real(model.codes("x", 2.0, -128), 2.0, -128)
    x = model.node("Relu", model.layer(x, 6, 3))
    x = model.real(model.codes(x, 2.1, -128), 2.1, -128)
    x = model.node("Pad", x, model.pads(1, 1, 1, 1))
    x = model.node("Transpose", x, perm=FIRST)
    x = model.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    # Not a layer's padding: another quantizer stands between, and the values go on.
    x = model.node("Pad", x, model.constant(np.array([0, 0, 1, 0, 0, 0, 0, 2], np.int64)))
    x = model.real(model.codes(x, 2.3, -20), 2.3, -20)
    found = agree(model.save(tmp_path, model.node("Transpose", x, perm=LAST)), 2.3)
    # One layer of weights, and one that only pads.
    assert found.count("Conv") == 2 and "Pad" not in found and "Transpose" not in found


def test_a_residual_addition_and_a_mean(tmp_path: Path) -> None:
    model = Converted(("N", SIZE, SIZE, 3))
    x = model.real(model.codes("x", 2.0, -128), 2.0, -128)
    left = model.real(model.codes(model.layer(x, 4, 3, pads=[1] * 4), 2.0, 5), 2.0, 5)
    right = model.layer(left, 4, 4, pads=[1] * 4)
    right = model.real(model.codes(right, 3.1, -9), 3.1, -9)
    x = model.node("Relu", model.node("Add", left, right))
    x = model.real(model.codes(x, 2.4, -128), 2.4, -128)
    x = model.node("ReduceMean", x, axes=[1, 2], keepdims=0)
    x = model.real(model.codes(x, 1.1, -128), 1.1, -128)
    found = agree(model.save(tmp_path, classified(model, x, 4)), 0.9)
    assert "Transpose" not in found


def test_the_layout_is_that_of_the_file(tmp_path: Path) -> None:
    model = Converted(("N", SIZE, SIZE, 3))
    x = model.real(model.codes("x", 2.0, -128), 2.0, -128)
    path = model.save(tmp_path, model.layer(x, 4, 3))
    graph = load_graph(path)
    entry = next(op for op in map(graph.op, graph.order()) if isinstance(op, Input))
    assert (entry.layout, entry.shape) == ("NHWC", (SIZE, SIZE, 3))
