"""The projects of Gowin boards: every pin with its place and standard, the PLL of the series."""

from dataclasses import replace

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.shell import write_shell
from sangi.compiler.project.flows import write_project
from sangi.compiler.project.nextpnr_gowin import PADS, plan
from sangi.runtime.errors import BoardError

NANO = load_board("tang_nano_9k")
PRIMER = load_board("tang_primer_20k")


def test_it_is_complete(small, tmp_path):
    (tmp_path / "rtl").mkdir()
    write_shell(small, tmp_path / "rtl")
    project = write_project(NANO, 54.0, 3, tmp_path)
    files = {path.name for path in project.iterdir()}
    assert files == {"top.v", "top.cst", "synth.ys", "build.sh", "README.md", "line.json"}
    assert (project / "top.cst").read_text().splitlines() == [
        'IO_LOC "oscillator" 52;',
        'IO_PORT "oscillator" IO_TYPE=LVCMOS33;',
        'IO_LOC "serial_in" 18;',
        'IO_PORT "serial_in" IO_TYPE=LVCMOS33;',
        'IO_LOC "serial_out" 17;',
        'IO_PORT "serial_out" IO_TYPE=LVCMOS33;',
    ]
    script = (project / "synth.ys").read_text().splitlines()
    assert script[-4:] == ["flatten", "clean", PADS, "write_json top.json"]
    top = (project / "top.v").read_text()
    assert "rPLL" in top and '.DEVICE("GW1N-9C")' in top and '.FCLKIN("27")' in top
    command = (project / "build.sh").read_text()
    assert "--device GW1NR-LV9QN88PC6/I5 --vopt family=GW1N-9C --vopt cst=top.cst" in command
    assert 'gowin_pack}" -d GW1N-9C --sspi_as_gpio --mspi_as_gpio -o top.fs routed.json' in command


@pytest.mark.parametrize(("board", "family"), [(NANO, "gw1n"), (PRIMER, "gw2a")])
def test_synthesis_knows_the_series(board, family):
    project = plan(board, 54.0, 0)
    assert project.synthesis == f"synth_gowin -noiopads -family {family} -top top"
    assert project.variant == board.settings["device"]["family"]


def test_a_series_without_a_pll_is_refused(tmp_path):
    device = {**NANO.settings["device"], "family": "GW5A-25"}
    board = replace(NANO, settings={**NANO.settings, "device": device})
    with pytest.raises(BoardError, match=r"the PLL must be of GW1N-9C or .* not 'GW5A-25'"):
        write_project(board, 54.0, 0, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_bad_board_file():
    device = {**NANO.settings["device"], "pack": "--sspi_as_gpio"}
    board = replace(NANO, settings={**NANO.settings, "device": device})
    with pytest.raises(BoardError, match=r"device\.pack must be a list of texts"):
        plan(board, 54.0, 0)
