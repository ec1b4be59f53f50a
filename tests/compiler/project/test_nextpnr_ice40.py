"""The projects of iCE40 boards: the PLL at its pad or not, multipliers where there are any."""

from dataclasses import replace

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.shell import write_shell
from sangi.compiler.project.flows import write_project
from sangi.compiler.project.nextpnr_ice40 import plan
from sangi.runtime.errors import BoardError

ICEBREAKER = load_board("icebreaker")
HX8K = load_board("hx8k_b_evn")


@pytest.fixture(scope="module")
def rtl(small, tmp_path_factory):
    build = tmp_path_factory.mktemp("build")
    (build / "rtl").mkdir()
    write_shell(small, build / "rtl")
    return build


def test_it_is_complete(rtl):
    project = write_project(ICEBREAKER, 24.0, 3, rtl)
    files = {path.name for path in project.iterdir()}
    assert files == {"top.v", "top.pcf", "synth.ys", "build.sh", "README.md", "line.json"}
    assert (project / "top.pcf").read_text().splitlines() == [
        "set_io oscillator 35",
        "set_io serial_in 6",
        "set_io serial_out 9",
        "set_frequency oscillator 12",
    ]
    synthesis = (project / "synth.ys").read_text()
    assert "\nsetattr -set keep 1 a:use_dsp; synth_ice40 -top top -dsp\n" in synthesis
    command = (project / "build.sh").read_text()
    assert "--up5k --package sg48" in command and "--freq 24" in command and "--seed 3" in command
    assert '"${ICEPACK:-yowasp-icepack}" top.asc top.bin' in command
    assert "iceprog top.bin" in (project / "README.md").read_text()


def test_the_pll_sits_at_its_pad_where_the_oscillator_does(rtl):
    top = (write_project(ICEBREAKER, 24.0, 0, rtl) / "top.v").read_text()
    assert "SB_PLL40_PAD" in top and ".PACKAGEPIN(" in top
    top = (write_project(HX8K, 36.0, 0, rtl) / "top.v").read_text()
    assert "SB_PLL40_CORE" in top and ".REFERENCECLK(" in top


def test_there_is_no_pll_where_the_oscillator_is_the_clock(rtl):
    top = (write_project(ICEBREAKER, 12.0, 0, rtl) / "top.v").read_text()
    assert "SB_PLL40" not in top and "shell shell (" in top


def test_the_hx8k_has_no_multipliers():
    project = plan(HX8K, 36.0, 0)
    assert "-dsp" not in project.synthesis and project.cells["dsp"] == ()
    assert project.route.arguments[:3] == ("--hx8k", "--package", "ct256")


def test_a_bad_board_file():
    oscillator = {**ICEBREAKER.settings["oscillator"], "pll_pad": "yes"}
    board = replace(ICEBREAKER, settings={**ICEBREAKER.settings, "oscillator": oscillator})
    with pytest.raises(BoardError, match="pll_pad must be true or false, not 'yes'"):
        plan(board, 12.0, 0)
