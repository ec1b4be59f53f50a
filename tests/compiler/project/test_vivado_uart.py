"""The project of an Artix board: complete, and its scripts say what Vivado's manual knows."""

import shutil
from dataclasses import replace

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.shell import write_shell
from sangi.compiler.project.vivado.write import write_project
from sangi.runtime.errors import BoardError

from .tcl import Command, names, run

BOARD = replace(load_board("arty_a7_35"), tool="vivado", shell="uart")

# UG835 (Vivado Tcl commands), of each command what is used here.
BUILD = {
    "read_verilog": Command(flags="sv", options="library", least=1, most=1),
    "read_mem": Command(least=1, most=1),
    "read_xdc": Command(flags="unmanaged", options="ref cells", least=1, most=1),
    "synth_design": Command(options="top part mode flatten_hierarchy"),
    "opt_design": Command(),
    "place_design": Command(options="directive"),
    "phys_opt_design": Command(options="directive"),
    "route_design": Command(options="directive"),
    "report_timing_summary": Command(options="file"),
    "report_utilization": Command(options="file"),
    "write_bitstream": Command(flags="force", least=1, most=1),
}
# UG903 (constraints).
CONSTRAINTS = {
    "create_clock": Command(options="name period waveform", flags="add", least=1, most=1),
    "set_property": Command(options="dict", least=1, most=3),
    "set_false_path": Command(options="from to through"),
    "get_ports": Command(flags="quiet", least=1, most=1, result="port:[lindex $args end]"),
    "current_design": Command(result="design"),
    "get_cells": Command(flags="hierarchical", options="filter", result="cells"),
}


@pytest.fixture(scope="module")
def project(small, tmp_path_factory):
    build = tmp_path_factory.mktemp("build")
    (build / "rtl").mkdir()
    write_shell(small, build / "rtl")
    (build / "rtl" / "core.v").write_text("module core; endmodule\n")
    return write_project(BOARD, 120.0, 0, build)


@pytest.fixture
def script(project, tmp_path):
    shutil.copytree(project.parent, tmp_path / "build")
    return tmp_path / "build" / "project"


def test_it_is_complete(project):
    files = {path.name for path in project.iterdir() if path.suffix != ".mem"}
    assert files == {
        *("build.tcl", "top.xdc", "top.v", "README.md", "line.json", "core.v", "shell.v"),
    }
    top = (project / "top.v").read_text()
    assert top.startswith("// top: Digilent Arty A7-35T, 120 MHz, 2000000 baud\n")
    assert "MMCME2_BASE" in top and "BUFG" in top and "shell shell (" in top


def test_the_script_builds_a_bitstream_of_files_that_are_there(script):
    calls = run(script / "build.tcl", BUILD)
    assert names(calls) == list(BUILD)
    (sources,) = calls[0].others
    assert sources.split() == ["core.v", "shell.v", "top.v"]
    (memories,) = calls[1].others
    assert memories.split() == sorted(path.name for path in script.glob("*.mem"))
    assert all(
        f'$readmemh("{name}", ' in (script / "shell.v").read_text() for name in memories.split()
    )
    named = [*sources.split(), *memories.split(), *calls[2].others]
    assert all((script / name).is_file() for name in named)
    assert calls[3].options == {"top": "top", "part": "xc7a35ticsg324-1L"}
    assert calls[-1].others == ("top.bit",)


def test_every_port_has_the_boards_pin(script):
    calls = run(script / "top.xdc", CONSTRAINTS)
    (clock,) = [call for call in calls if call.name == "create_clock"]
    assert clock.options == {"name": "oscillator", "period": "10.000"}
    pins = {
        call.others[0]: call.options["dict"].split()
        for call in calls
        if call.name == "set_property" and "dict" in call.options
    }
    assert pins == {
        f"port:{port}": ["PACKAGE_PIN", pin, "IOSTANDARD", "LVCMOS33"]
        for port, pin in (("oscillator", "E3"), ("serial_in", "A9"), ("serial_out", "D10"))
    }
    assert [call.options for call in calls if call.name == "set_false_path"] == [
        {"from": "port:serial_in"},
        {"to": "port:serial_out"},
    ]


@pytest.mark.parametrize("oscillator_mhz, apart", [(50.0, True), (100.0, False), (120.0, False)])
def test_clocks_that_differ_are_cut(small, tmp_path, oscillator_mhz, apart):
    (tmp_path / "rtl").mkdir()
    oscillator = {**BOARD.settings["oscillator"], "mhz": oscillator_mhz}
    board = replace(BOARD, settings={**BOARD.settings, "oscillator": oscillator})
    project = write_project(board, 120.0, 0, tmp_path)
    clocks = "get_clocks", "groups"
    commands = {
        **CONSTRAINTS,
        "get_clocks": Command(options="filter", most=1, result="clock:[lindex $args end]"),
        "groups": Command(least=1, most=1),
    }
    # Two options -group: kept apart by a recorder of their own.
    prelude = (
        "proc set_clock_groups args { record groups [lrange $args 2 2]; "
        "record groups [lrange $args 4 4] }"
    )
    calls = [call for call in run(project / "top.xdc", commands, prelude) if call.name in clocks]
    assert [call.options or call.others[0] for call in calls] == [
        *("oscillator", {"filter": "NAME != oscillator"}),
        *("clock:oscillator", "clock:NAME != oscillator"),
    ] * apart


def test_ports_of_several_pins_are_named_bit_by_bit(small, tmp_path):
    (tmp_path / "rtl").mkdir()
    settings = {
        **BOARD.settings,
        "pins": {"io_type": "LVCMOS18", "held_high": ["H5", "J5"]},
    }
    project = write_project(replace(BOARD, settings=settings), 100.0, 0, tmp_path)
    calls = run(project / "top.xdc", CONSTRAINTS)
    ports = [call.others[0] for call in calls if "dict" in call.options]
    assert ports[3:] == ["port:held_high[0]", "port:held_high[1]"]
    design = [call.others[:2] for call in calls if call.others[-1:] == ("design",)]
    assert design == [("CFGBVS", "GND"), ("CONFIG_VOLTAGE", "1.8")]


def test_it_is_the_same_every_time(project, small, tmp_path):
    (tmp_path / "rtl").mkdir()
    write_shell(small, tmp_path / "rtl")
    (tmp_path / "rtl" / "core.v").write_text("module core; endmodule\n")
    again = write_project(BOARD, 120.0, 0, tmp_path)
    for path in project.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_what_is_missing_is_named(tmp_path):
    settings = {key: value for key, value in BOARD.settings.items() if key != "device"}
    with pytest.raises(BoardError, match=r"arty_a7_35: the key device\.part is missing"):
        write_project(replace(BOARD, settings=settings), 100.0, 0, tmp_path)
    with pytest.raises(BoardError, match="arty_a7_35: baud must be at most an eighth"):
        write_project(BOARD, 10.0, 0, tmp_path)
    assert not list(tmp_path.iterdir())
