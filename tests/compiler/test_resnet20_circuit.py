"""The float ResNet-20 with its option-A shortcuts, calibrated, as a small circuit in Verilator."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.simulate import simulate


@pytest.mark.slow
def test_one_frame_is_exact_in_every_stream(tmp_path: Path) -> None:
    if "SANGI_DATA" not in os.environ:
        pytest.skip("needs the models and images in SANGI_DATA")
    data = Path(os.environ["SANGI_DATA"])
    report = compile_model(
        data / "models" / "akamaster_resnet20_cifar10.onnx",
        "zcu104",
        out=tmp_path / "build",
        target_fps=300,
        data=data / "cifar10" / "train_lossless_5009.npz",
        mean=(123.675, 116.28, 103.53),
        std=(58.395, 57.12, 57.375),
    )
    images = data / "cifar10" / "test_lossless_0000_0499.npz"
    result = simulate(tmp_path / "build", images, frames=1)
    assert result.first is None
    assert result.mismatches == 0
    assert result.tensors > 60
    assert result.equal == 1.0
    assert result.latency_cycles == report["latency_cycles"]
