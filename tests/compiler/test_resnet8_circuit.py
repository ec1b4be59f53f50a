"""The whole int8 ResNet-8 of MLPerf Tiny, as a circuit for PYNQ-Z2, in Verilator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.simulate import simulate


@pytest.mark.slow
def test_every_stream_agrees_and_the_cycles_are_the_model_s(tmp_path: Path) -> None:
    if "SANGI_DATA" not in os.environ:
        pytest.skip("needs the models and images in SANGI_DATA")
    data = Path(os.environ["SANGI_DATA"])
    model = data / "models" / "mlperf_ic_resnet8_int8.onnx"
    report = compile_model(model, "pynq_z2", out=tmp_path / "build")
    images = data / "cifar10" / "test_lossless_0000_0499.npz"
    result = simulate(tmp_path / "build", images, frames=4)
    assert result.first is None
    assert result.mismatches == 0
    assert result.tensors > 30
    assert result.equal == 1.0
    assert result.cycles_per_frame == report["cycles_per_frame"]
    assert result.latency_cycles == report["latency_cycles"]
