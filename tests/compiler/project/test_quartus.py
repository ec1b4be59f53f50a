"""Projects for Cyclone V, MAX 10 and Arria 10: complete, and said as Quartus' manuals know it."""

import shutil
from dataclasses import replace

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.shell import write_shell
from sangi.compiler.project.quartus.write import write_project

from .tcl import Command, names, run

BOARDS = {
    name: replace(load_board(name), tool="quartus", shell="uart")
    for name in ("de10_nano", "de10_lite", "arria10_gx")
}

# Quartus Prime Standard, scripting (UG-20144): packages project and flow.
BUILD = {
    "exec": Command(flags="ignorestderr", options="-script", least=1, most=2),
    "project_new": Command(flags="overwrite", options="family part revision", least=1, most=1),
    "set_global_assignment": Command(options="name", least=1, most=1),
    "set_location_assignment": Command(options="to", least=1, most=1),
    "set_instance_assignment": Command(options="name to from", least=1, most=1),
    "export_assignments": Command(),
    "execute_flow": Command(flags="compile"),
    "project_close": Command(),
}
# Timing Analyzer (UG-20143).
CONSTRAINTS = {
    "create_clock": Command(options="name period waveform", least=1, most=1),
    "derive_pll_clocks": Command(),
    "derive_clock_uncertainty": Command(),
    "set_false_path": Command(options="from to"),
    "get_ports": Command(least=1, most=1, result="port:[lindex $args end]"),
    "get_clocks": Command(least=1, most=1, result="clock:[lindex $args end]"),
    "all_clocks": Command(result="all"),
    "remove_from_collection": Command(
        least=2, most=2, result='"[lindex $args 0] but [lindex $args 1]"'
    ),
    "groups": Command(least=1, most=1),
}
# Platform Designer (UG-20130).
SYSTEM = {
    "create_system": Command(least=1, most=1),
    "set_project_property": Command(least=2, most=2),
    "add_instance": Command(least=2, most=3),
    "set_instance_parameter_value": Command(least=3, most=3),
    "add_interface": Command(least=3, most=3),
    "set_interface_property": Command(least=3, most=3),
    "save_system": Command(least=1, most=1),
}
ASSIGNMENTS = {
    *("FAMILY", "DEVICE", "TOP_LEVEL_ENTITY", "VERILOG_FILE", "SDC_FILE", "QSYS_FILE", "SEED"),
    *("PROJECT_OUTPUT_DIRECTORY", "OPTIMIZATION_MODE", "INTERNAL_FLASH_UPDATE_MODE"),
}
PACKAGES = """
package provide ::quartus::project 1.0
package provide ::quartus::flow 1.0
package provide qsys 16.1
"""


@pytest.fixture(scope="module", params=list(BOARDS))
def project(request, small, tmp_path_factory):
    build = tmp_path_factory.mktemp(request.param)
    (build / "rtl").mkdir()
    write_shell(small, build / "rtl")
    (build / "rtl" / "core.v").write_text("module core; endmodule\n")
    board = BOARDS[request.param]
    return board, write_project(board, board.clock_mhz, 4, build)


@pytest.fixture
def script(project, tmp_path):
    shutil.copytree(project[1].parent, tmp_path / "build")
    return tmp_path / "build" / "project"


def test_the_script_makes_and_compiles_the_project(project, script):
    board, _ = project
    calls = run(script / "build.tcl", BUILD, PACKAGES)
    order = ["set_location_assignment", "set_instance_assignment"] * 3
    assert names(calls) == [
        *(["exec"] if board.name == "arria10_gx" else []),
        *("project_new", "set_global_assignment", *order),
        *("export_assignments", "execute_flow", "project_close"),
    ]
    given = [call for call in calls if call.name == "set_global_assignment"]
    assert {call.options["name"] for call in given} <= ASSIGNMENTS
    values = {call.options["name"]: call.others[0] for call in given}
    assert values["FAMILY"] == board.settings["device"]["family"]
    assert values["DEVICE"] == board.part
    assert values["TOP_LEVEL_ENTITY"] == "top" and values["SEED"] == "5"
    sources = [call.others[0] for call in given if call.options["name"] == "VERILOG_FILE"]
    assert sources == ["core.v", "shell.v", "top.v"]
    assert all((script / name).is_file() for name in [*sources, values["SDC_FILE"]])
    assert ("INTERNAL_FLASH_UPDATE_MODE" in values) == (board.family == "max10")


def test_every_port_has_the_boards_pin(project, script):
    board, _ = project
    calls = run(script / "build.tcl", BUILD, PACKAGES)
    pins = {
        call.options["to"]: call.others[0]
        for call in calls
        if call.name == "set_location_assignment"
    }
    settings = board.settings
    assert pins == {
        "oscillator": "PIN_" + settings["oscillator"]["pin"],
        "serial_in": "PIN_" + settings["uart"]["rx"],
        "serial_out": "PIN_" + settings["uart"]["tx"],
    }
    standards = [call for call in calls if call.name == "set_instance_assignment"]
    assert {call.options["to"] for call in standards} == set(pins)
    assert {call.options["name"] for call in standards} == {"IO_STANDARD"}
    assert {call.others for call in standards} == {(settings["pins"]["io_type"],)}


def test_clocks_are_constrained(script):
    # Two options -group: kept apart by a recorder of their own.
    prelude = (
        "proc set_clock_groups args { record groups [lrange $args 2 2]; "
        "record groups [lrange $args 4 4] }"
    )
    calls = run(script / "top.sdc", CONSTRAINTS, prelude)
    assert [call.name for call in calls if call.name != "get_ports"] == [
        *("create_clock", "derive_pll_clocks", "derive_clock_uncertainty"),
        *("set_false_path", "set_false_path"),
        *("get_clocks", "all_clocks", "get_clocks", "remove_from_collection"),
        *("groups", "groups"),
    ]
    assert [call.others for call in calls if call.name == "groups"] == [
        ("clock:oscillator",),
        ("all but clock:oscillator",),
    ]
    (clock,) = [call for call in calls if call.name == "create_clock"]
    assert clock.options == {"name": "oscillator", "period": "20.000"}
    assert clock.others == ("port:oscillator",)


def test_the_pll_of_arria_10_comes_from_platform_designer(project, script):
    board, _ = project
    top = (script / "top.v").read_text()
    if board.name != "arria10_gx":
        assert not (script / "iopll.tcl").exists()
        assert ("altera_pll" if board.family == "cyclonev" else "altpll") in top
        return
    calls = run(script / "iopll.tcl", SYSTEM, PACKAGES)
    assert calls[0].others == ("iopll",) and calls[-1].others == ("iopll.qsys",)
    parameters = dict(
        call.others[1:] for call in calls if call.name == "set_instance_parameter_value"
    )
    assert parameters["gui_reference_clock_frequency"] == "50"
    assert parameters["gui_output_clock_frequency0"] == "150"
    # A port of the system is called like its interface and its role.
    interfaces = {call.others[0] for call in calls if call.name == "add_interface"}
    assert interfaces == {"refclk", "reset", "outclk0", "locked"}
    for port in ("refclk_clk", "reset_reset", "outclk0_clk", "locked_export"):
        assert f".{port}(" in top


def test_it_is_the_same_every_time(project, small, tmp_path):
    board, folder = project
    (tmp_path / "rtl").mkdir()
    write_shell(small, tmp_path / "rtl")
    (tmp_path / "rtl" / "core.v").write_text("module core; endmodule\n")
    again = write_project(board, board.clock_mhz, 4, tmp_path)
    for path in folder.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()


def test_without_a_pll_there_is_no_system(small, tmp_path):
    (tmp_path / "rtl").mkdir()
    project = write_project(BOARDS["arria10_gx"], 50.0, 0, tmp_path)
    assert not (project / "iopll.tcl").exists()
    assert "qsys" not in (project / "build.tcl").read_text()
