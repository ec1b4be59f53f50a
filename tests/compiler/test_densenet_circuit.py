"""Dense blocks of a float model, calibrated and compiled, in Verilator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.simulate import simulate
from sangi.runtime.host import execute
from sangi.runtime.store import load_program

from .onnx_models import Model, onnx_runtime


def densenet(folder: Path, norm: bool) -> Path:
    """Two dense blocks with a transition; channels 5, 8, 11, 6, 9 share no divisor but 1."""
    model = Model(("N", 3, 8, 8))

    def normalized(x: str, channels: int) -> str:
        arrays = [model.normal(channels, scale=0.2) + np.float32(at) for at in (1, 0, 0)]
        names = [model.constant(array) for array in (*arrays, np.ones(channels, np.float32))]
        return model.node("Relu", model.node("BatchNormalization", x, *names))

    x, channels = model.node("Relu", model.conv("x", 5, 3, pads=[1] * 4)), 5
    for block in range(2):
        for _ in range(2 - block):
            y = normalized(x, channels) if norm else x
            y = model.node("Relu", model.conv(y, 3, channels, pads=[1] * 4))
            x, channels = model.node("Concat", x, y, axis=1), channels + 3
        if block == 0:
            x = model.node("Relu", model.conv(x, 6, channels, 1))
            x, channels = model.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 6
    x = model.node("Flatten", model.node("GlobalAveragePool", x))
    return model.save(folder, model.node("Gemm", x, model.constant(model.normal(channels, 4))))


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize(("norm", "target_fps"), [(False, None), (True, 20_000.0)])
def test_every_stream_agrees(tmp_path: Path, norm: bool, target_fps: float | None) -> None:
    """At full speed whole pixels are joined, at 20,000 frames/s beats in turn."""
    path = densenet(tmp_path, norm)
    frames = np.random.default_rng(1).integers(0, 256, (40, 3, 8, 8)).astype(np.uint8)
    images = tmp_path / "images.npz"
    np.savez(images, x=frames)
    build = tmp_path / "build"
    report = compile_model(path, "zcu104", out=build, data=images, target_fps=target_fps)
    joined = [layer for layer in report["layers"] if layer["engine"] == "concat"]
    lanes = [layer["folding"]["lanes"] for layer in joined]
    assert lanes == ([8, 11, 3] if target_fps is None else [1, 1, 1])
    result = simulate(build, images, frames=4)
    assert result.first is None and result.mismatches == 0
    assert result.cycles_per_frame == report["cycles_per_frame"]
    assert result.latency_cycles == report["latency_cycles"]
    (want,) = onnx_runtime(path, frames.astype(np.float32))
    (got,) = execute(load_program(build / "program.sangi"), frames).values()
    assert np.abs(got - want).max() < 0.05 * np.abs(want).max()
