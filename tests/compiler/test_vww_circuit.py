"""The MobileNet of MLPerf Tiny's visual wake words, calibrated, for PYNQ-Z2, in Verilator."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.simulate import simulate


@pytest.mark.slow
def test_every_stream_agrees_and_the_cycles_are_the_model_s(tmp_path: Path) -> None:
    if "SANGI_DATA" not in os.environ:
        pytest.skip("needs the models and images in SANGI_DATA")
    data = Path(os.environ["SANGI_DATA"])
    # There are no wake words: any photographs show the ranges that occur.
    small = np.load(data / "cifar10" / "test_lossless_0000_0499.npz")["x"][:32]
    images = tmp_path / "images.npz"
    np.savez(images, x=small.repeat(3, axis=1).repeat(3, axis=2))
    report = compile_model(
        data / "models" / "mlperf_vww_mobilenet_float.onnx",
        "pynq_z2",
        out=tmp_path / "build",
        data=images,
        mean=[0.0],
        std=[255.0],
    )
    assert sum(layer["engine"] == "grouped" for layer in report["layers"]) == 13
    result = simulate(tmp_path / "build", images, frames=3)
    assert result.first is None
    assert result.mismatches == 0
    assert result.tensors > 50
    assert result.equal == 1.0
    assert result.cycles_per_frame == report["cycles_per_frame"]
    assert result.latency_cycles == report["latency_cycles"]
