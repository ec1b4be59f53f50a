"""Blocks of depthwise and pointwise convolutions, compiled, in Verilator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.simulate import simulate
from sangi.runtime.host import execute
from sangi.runtime.store import load_program

from .onnx_models import Model, onnx_runtime

SIDE = 12


class Floats:
    """Layers of a float model, which compile calibrates."""

    def __init__(self) -> None:
        self.model = Model(("N", 3, SIDE, SIDE))
        self.first = "x"

    def conv(self, x: str, filters: int, seen: int, size: int = 3, **options: object) -> str:
        """A convolution and Relu; every filter sees ``seen`` channels."""
        return self.model.node("Relu", self.model.conv(x, filters, seen, size, **options))


class Codes(Floats):
    """Layers of a quantized model: ternary weights where filters see one channel, else 4 bits."""

    def __init__(self) -> None:
        super().__init__()
        self.first = self.model.quantize("x", 1.0, 0)

    def conv(self, x: str, filters: int, seen: int, size: int = 3, **options: object) -> str:
        """Likewise, with 8-bit activations behind it."""
        model = self.model
        half = 1 if seen == 1 else 7
        codes = model.random.integers(-half, half + 1, (filters, seen, size, size)).astype(np.int8)
        # About as large as what it reads.
        gain = 1 if x != self.first else 1 / 64
        scale = np.float32(gain / (half * 0.7 * np.sqrt(seen * size * size)))
        weight = model.node("DequantizeLinear", model.constant(codes), model.constant(scale))
        x = model.node("Relu", model.node("Conv", x, weight, **options))
        return model.quantize(x, 6 / 255, 0)


def mobilenet(folder: Path, layers: Floats) -> Path:
    """Depthwise layers of stride 1 and 2, of 3×3 and 5×5, with two filters a channel; groups."""
    model, same = layers.model, {"pads": [1] * 4}
    x = layers.conv(layers.first, 8, 3, strides=[2, 2], **same)
    x = layers.conv(x, 8, 1, group=8, **same)
    x = layers.conv(x, 16, 8, 1)
    x = layers.conv(x, 16, 1, group=16, strides=[2, 2], pads=[0, 0, 1, 1])
    x = layers.conv(x, 12, 16, 1)
    x = layers.conv(x, 24, 1, 5, group=12, pads=[2] * 4)
    x = layers.conv(x, 16, 24, 1)
    x = layers.conv(x, 16, 4, group=4, **same)
    x = model.node("Flatten", model.node("GlobalAveragePool", x))
    if isinstance(layers, Codes):
        x = model.quantize(x, 6 / 255, 0)
        codes = model.constant(model.random.integers(-7, 8, (16, 4)).astype(np.int8))
        last = model.node("DequantizeLinear", codes, model.constant(np.float32(0.1)))
    else:
        last = model.constant(model.normal(16, 4))
    return model.save(folder, model.node("Gemm", x, last))


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize(
    ("kind", "board", "target_fps"), [(Floats, "zcu104", None), (Codes, "ulx3s_85f", 15_000.0)]
)
def test_every_stream_agrees(
    tmp_path: Path, kind: type[Floats], board: str, target_fps: float | None
) -> None:
    path = mobilenet(tmp_path, kind())
    frames = np.random.default_rng(1).integers(0, 256, (40, 3, SIDE, SIDE)).astype(np.uint8)
    images = tmp_path / "images.npz"
    np.savez(images, x=frames)
    build = tmp_path / "build"
    report = compile_model(path, board, out=build, data=images, target_fps=target_fps)
    grouped = [layer for layer in report["layers"] if layer["engine"] == "grouped"]
    assert [layer["weights"] for layer in grouped] == [8 * 9, 16 * 9, 24 * 25, 16 * 4 * 9]
    ternary = [layer["weight_bits"] == 2 for layer in grouped]
    assert ternary == ([False] * 4 if kind is Floats else [True, True, True, False])
    result = simulate(build, images, frames=4)
    assert result.first is None and result.mismatches == 0
    assert result.cycles_per_frame == report["cycles_per_frame"]
    assert result.latency_cycles == report["latency_cycles"]
    (want,) = onnx_runtime(path, frames.astype(np.float32))
    (got,) = execute(load_program(build / "program.sangi"), frames).values()
    assert np.ptp(want) > 0
    assert np.abs(got - want).max() < 0.06 * np.abs(want).max()
