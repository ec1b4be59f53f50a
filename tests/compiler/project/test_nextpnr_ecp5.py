"""The project of an ECP5 board: complete, the same every time, and clear about what is missing."""

import json
from dataclasses import replace

import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.shell import write_shell
from sangi.compiler.circuit.yosys import run_yosys
from sangi.compiler.project.flows import write_project
from sangi.compiler.project.nextpnr_ecp5 import CHAINS, FLAT, plan
from sangi.runtime.errors import BoardError

BOARD = load_board("ulx3s_85f")


@pytest.fixture(scope="module")
def project(small, tmp_path_factory):
    build = tmp_path_factory.mktemp("build")
    (build / "rtl").mkdir()
    write_shell(small, build / "rtl")
    (build / "rtl" / "core.v").write_text("module core; endmodule\n")
    return write_project(BOARD, 60.0, 3, build)


def test_it_is_complete(project):
    files = {path.name for path in project.iterdir()}
    assert files == {
        *("top.v", "top.lpf", "chains.v", "synth.ys", "build.sh", "README.md", "line.json")
    }
    top = (project / "top.v").read_text()
    assert top.startswith("// top: Radiona ULX3S 85F, 60 MHz, 3000000 baud\n")
    assert "EHXPLLL" in top and "shell shell (" in top
    script = (project / "synth.ys").read_text().splitlines()
    assert script[-len(FLAT) - 2 :] == ["clean", *FLAT, "write_json top.json"]
    assert script[:3] == [
        "read_verilog ../rtl/core.v",
        "read_verilog ../rtl/shell.v",
        "read_verilog top.v",
    ]
    command = (project / "build.sh").read_text()
    assert "--85k --package CABGA381 --speed 6" in command and "--seed 3" in command
    # Large circuits cannot be routed as the default placer leaves them.
    assert "--placer static" in command
    assert str(project.parent) not in command


def test_pins_are_those_of_the_board(project):
    lines = (project / "top.lpf").read_text().splitlines()
    assert lines[0] == 'FREQUENCY PORT "oscillator" 25 MHZ;'
    for port, site in (
        ("oscillator", "G2"),
        ("serial_in", "M1"),
        ("serial_out", "L4"),
        ("held_high", "L2"),
    ):
        assert f'LOCATE COMP "{port}" SITE "{site}";' in lines
        assert f'IOBUF PORT "{port}" IO_TYPE=LVCMOS33;' in lines


def test_it_is_the_same_every_time(project, small, tmp_path):
    (tmp_path / "rtl").mkdir()
    write_shell(small, tmp_path / "rtl")
    (tmp_path / "rtl" / "core.v").write_text("module core; endmodule\n")
    again = write_project(BOARD, 60.0, 3, tmp_path)
    for path in project.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes()
    shells = [folder / "rtl" / "shell.v" for folder in (project.parent, tmp_path)]
    assert shells[0].read_bytes() == shells[1].read_bytes()


def test_clocks_that_cannot_be_made_are_refused(tmp_path):
    with pytest.raises(BoardError, match=r"ulx3s_85f: clock must be one that the PLL makes"):
        write_project(BOARD, 66.62, 0, tmp_path)
    line = {**BOARD.settings["uart"], "baud": 4_000_000}
    fast = replace(BOARD, settings={**BOARD.settings, "uart": line})
    match = r"ulx3s_85f: baud must be at most an eighth of the serial line's clock \(20 MHz\)"
    with pytest.raises(BoardError, match=match):
        write_project(fast, 20.0, 0, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("table", "key", "value", "message"),
    [
        ("device", "speed", "six", "device.speed must be of type int, not 'six'"),
        ("uart", "baud", None, "the key uart.baud is missing"),
        ("pins", "held_high", "L2", "pins.held_high must be a list of pins, not 'L2'"),
    ],
)
def test_a_board_file_that_lacks_something(table, key, value, message):
    entries = {name: entry for name, entry in BOARD.settings[table].items() if name != key}
    if value is not None:
        entries[key] = value
    board = replace(BOARD, settings={**BOARD.settings, table: entries})
    with pytest.raises(BoardError, match=message):
        plan(board, 60.0, 0)


def test_another_shell_is_refused():
    with pytest.raises(BoardError, match="needs the shell uart, not axi"):
        plan(replace(BOARD, shell="axi"), 60.0, 0)


SUMS = """
module top (
  input [6:0] a, b, input [9:0] c, input carry, invert,
  output [7:0] sum, difference, output [10:0] more, output [6:0] with_carry, output [9:0] either,
  output less, not_more, carry_out, output [6:0] top_of_sum, output [8:0] shifted, negative
);
  wire [9:0] all = c + {a, 3'b101};
  assign sum = a + b;
  assign difference = a - b;
  assign more = c + 10'd77;
  assign with_carry = a + b + carry;
  assign either = invert ? c - {a, 3'b010} : c + {a, 3'b010};
  assign less = a < b;
  assign not_more = $signed(c) <= $signed(b);
  assign carry_out = a[5:0] >= b[5:0];
  assign top_of_sum = all[9:3];
  assign shifted = {a, 2'b00} - {2'b00, b};
  assign negative = -{a, 2'b01};
endmodule
"""
"""Sums, differences and comparisons with constant carries in, one that is none, and unused ends."""


@pytest.fixture(scope="module")
def rewritten(tmp_path_factory):
    """Return the folder of a netlist before and after ``FLAT``, and of the latter as JSON."""
    folder = tmp_path_factory.mktemp("chains")
    (folder / "top.v").write_text(SUMS)
    (folder / CHAINS).write_text(plan(BOARD, 60.0, 0).files[CHAINS])
    run_yosys(
        [
            f"read_verilog {folder}/top.v",
            "synth_ecp5 -top top",
            "select top",
            f"write_rtlil -selected {folder}/before.il",
            *(command.replace(CHAINS, f"{folder}/{CHAINS}") for command in FLAT),
            f"write_rtlil -selected {folder}/after.il",
            f"write_json {folder}/after.json",
        ]
    )
    # Flattening refuses an output at a constant, nextpnr a port that is not there.
    text = (folder / "after.il").read_text()
    (folder / "after.il").write_text(text.replace("connect \\COUT 1'x\n", "\n"))
    return folder


def test_chains_begin_and_end_without_cells_of_nextpnr(rewritten):
    top = json.loads((rewritten / "after.json").read_text())["modules"]["top"]
    cells = top["cells"]
    chains = [cell["connections"] for cell in cells.values() if cell["type"] == "CCU2C"]
    read = {
        bit
        for cell in cells.values()
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "input"
        for bit in bits
    }
    carries_in = {wires["CIN"][0] for wires in chains}
    carries_out = {wires["COUT"][0] for wires in chains}
    assert "x" in carries_in and not {"0", "1"} & carries_in
    leaving = carries_out - {"x"} - read
    # That one is read by a pin.
    assert "x" in carries_out and leaving == set(top["ports"]["carry_out"]["bits"])
    # One carry in comes from outside.
    assert len(carries_in - carries_out) == 1


@pytest.mark.parametrize("open_carry", ["-zero", "-one"])
def test_rewritten_chains_add_the_same(rewritten, open_carry):
    """SAT over all inputs, whatever an open carry is."""
    run_yosys(
        [
            f"read_rtlil {rewritten}/before.il",
            "rename top before",
            f"read_rtlil {rewritten}/after.il",
            "rename top after",
            "read_verilog -overwrite +/lattice/cells_sim_ecp5.v",
            "miter -equiv before after miter",
            "hierarchy -top miter",
            "proc",
            "flatten",
            f"setundef {open_carry}",
            "opt_clean",
            "sat -verify -prove trigger 0 miter",
        ]
    )
