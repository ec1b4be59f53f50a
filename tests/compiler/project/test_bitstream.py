"""Bitstreams, from tools that pip installs; a few minutes each. ``-rP`` shows the figures."""

import json
from pathlib import Path

import pytest

from sangi.boards.load import load_board
from sangi.compiler.compile import compile_model
from sangi.compiler.project.flows import check_tools
from sangi.runtime.errors import ToolError

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
LINK_FPS = 3750
"""What a serial line of 3 Mbaud carries: a faster circuit only takes longer to route."""


def build(network, name, out, **options):
    """Compile to a bitstream; skipped where a tool is missing."""
    try:
        check_tools(load_board(name))
    except ToolError as error:
        pytest.skip(str(error))
    model = DIGITS / f"{network}.onnx"
    report = compile_model(model, name, out=out, bitstream=True, **options)
    assert json.loads((out / "report.json").read_text()) == report
    figures = report["resources"]
    for resource, entry in figures.items():
        assert entry["source"] in ("nextpnr", "yosys"), resource
        assert 0 <= entry["used"] <= entry["available"]
    (bitstream,) = (path for path in (out / "project").glob("top.*") if path.suffix in SUFFIXES)
    assert bitstream.stat().st_size > 10_000
    used = (f"{key} {entry['used']} of {entry['available']}" for key, entry in figures.items())
    print(f"{name}: {report['fmax_mhz']} MHz for {report['clock_mhz']:g}, {', '.join(used)}")
    return report


SUFFIXES = (".bit", ".bin", ".fs")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "name", "fps"),
    [
        ("digits_int8", "ulx3s_85f", LINK_FPS),
        pytest.param("digits_tiny", "ulx3s_25f", LINK_FPS, marks=pytest.mark.ci),
        ("digits_tiny", "ulx3s_12f", LINK_FPS),
        ("digits_tiny", "ulx3s_45f", LINK_FPS),
        ("digits_tiny", "orangecrab_25f", 1250),
        ("digits_tiny", "orangecrab_85f", 1250),
        ("digits_tiny", "colorlight_5a75b", 1250),
        ("digits_tiny", "ecpix5", 1250),
        pytest.param("digits_tiny", "icebreaker", 1250, marks=pytest.mark.ci),
        ("digits_tiny", "hx8k_b_evn", 1250),
        pytest.param("digits_tiny", "tang_nano_9k", 1250, marks=pytest.mark.ci),
        ("digits_tiny", "tang_primer_20k", 1250),
    ],
)
def test_a_digits_network_meets_the_boards_clock(network, name, fps, tmp_path):
    report = build(network, name, tmp_path / "build", target_fps=fps)
    assert report["fmax_mhz"] >= report["clock_mhz"] == load_board(name).clock_mhz
    assert report["timing_met"] is True


@pytest.mark.slow
@pytest.mark.parametrize("name", ["icebreaker", "tang_primer_20k", "ulx3s_25f"])
def test_auto_finds_a_higher_clock(name, tmp_path):
    out = tmp_path / "build"
    report = build("digits_tiny", name, out, target_fps=1250, clock_mhz="auto")
    assert report["fmax_mhz"] >= report["clock_mhz"] > load_board(name).clock_mhz
    assert report["timing_met"] is True
    assert report["fps"] == pytest.approx(
        report["clock_mhz"] * 1e6 / report["cycles_per_frame"], abs=0.001
    )
    top = (out / "project" / "top.v").read_text()
    assert f", {report['clock_mhz']:g} MHz, " in top.splitlines()[0]
    line = json.loads((out / "project" / "line.json").read_text())
    assert line["clock_hz"] == round(report["clock_mhz"] * 1e6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ulx3s_25f", "icebreaker", "tang_nano_9k"])
def test_the_same_bytes_twice(name, tmp_path):
    for folder in ("one", "two"):
        build("digits_tiny", name, tmp_path / folder, target_fps=1250)
    one, two = (tmp_path / folder / "project" for folder in ("one", "two"))
    assert {path.name for path in one.iterdir()} == {path.name for path in two.iterdir()}
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name
