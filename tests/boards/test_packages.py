"""Every pin of a board's file exists in its package, by databases and by nextpnr's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sangi.boards.board import Board
from sangi.boards.load import list_boards, load_board
from sangi.compiler.circuit.yosys import run_yosys
from sangi.compiler.project.flows import FLOWS, check_tools
from sangi.runtime.errors import ToolError

from .packages import CLOCKS, COUNTS, PINS

LISTED = {
    "arty_a7_35": "csg324",
    "arty_a7_100": "csg324",
    "arty_z7_20": "xc7z020clg400",
    "cora_z7": "xc7z007sclg400",
    "de10_nano": "5CSEBA6U23",
    "pynq_z2": "xc7z020clg400",
}
WITHOUT_LIST = {"arria10_gx", "de10_lite"}
"""Boards with pins for whose part there is no open list."""

RUN = """\
import importlib, sys
module, function, *sys.argv = sys.argv[1:]
sys.exit(getattr(importlib.import_module(module), function)())
"""


def pins(board: Board) -> Iterator[tuple[str, str]]:
    """Give every pin of a board's file with its place there."""
    for table, keys in (
        ("oscillator", ("pin",)),
        ("reset", ("pin",)),
        ("uart", ("rx", "tx")),
        ("pins", ("leds", "buttons", "power_button", "held_high")),
    ):
        for key in keys:
            value = board.settings.get(table, {}).get(key, [])
            for pin in [value] if isinstance(value, str) else value:
                yield f"{table}.{key}", pin


def is_open(name: str) -> bool:
    tool = load_board(name).tool
    return tool is not None and FLOWS[tool].plan is not None


def test_every_board_with_pins_is_checked_or_known_to_have_no_list():
    with_pins = {name for name in list_boards() if list(pins(load_board(name)))}
    assert with_pins == {name for name in with_pins if is_open(name)} | set(LISTED) | WITHOUT_LIST


@pytest.mark.parametrize("package", PINS)
def test_a_list_is_as_long_as_the_vendors(package):
    assert len(PINS[package]) == COUNTS[package]


@pytest.mark.parametrize("name", LISTED)
def test_a_pin_is_in_the_packages_list(name):
    board = load_board(name)
    package = LISTED[name]
    assert package in board.settings["device"]["part"].replace("-", "")
    for place, pin in pins(board):
        assert pin in PINS[package], place
    if package in CLOCKS:
        assert CLOCKS[package] <= PINS[package]
        assert board.settings["oscillator"]["pin"] in CLOCKS[package]


def everything(board: Board) -> Board:
    """Return a board whose project drives every pin that is no input of it."""
    taken = {board.settings["oscillator"]["pin"], *board.settings["uart"].values()}
    rest = [pin for _, pin in pins(board) if pin not in taken]
    table = {**board.settings["pins"], "held_high": rest}
    return replace(board, settings={**board.settings, "pins": table})


def pack(board: Board, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let nextpnr place the pins of a circuit that has nothing else."""
    flow = FLOWS[board.tool or ""]
    assert flow.plan is not None
    project = flow.plan(board, board.clock_mhz, 0)
    folder.mkdir()
    for name, text in project.files.items():
        (folder / name).write_text(text)
    width = len(project.line.held_high)
    others = f", output [{width - 1}:0] held_high" if width > 1 else ", output held_high"
    drive = f"  assign held_high = {{{width}{{serial_out}}}};\n"
    (folder / "top.v").write_text(
        "module top(input oscillator, input serial_in, output reg serial_out"
        f"{others if width else ''});\n"
        "  always @(posedge oscillator) serial_out <= serial_in;\n"
        f"{drive if width else ''}endmodule\n"
    )
    flat = project.flat
    for name in project.files:
        flat = tuple(command.replace(name, f"{folder}/{name}") for command in flat)
    run_yosys(
        [
            *(f"read_verilog {folder}/top.v", project.synthesis),
            *(*flat, f"write_json {folder}/top.json"),
        ]
    )
    route = project.route
    arguments = [route.module, route.function, route.script, *route.arguments, "--pack-only"]
    # There is nothing to report or to write yet.
    for option in {"--report", "--textcfg"} & set(arguments):
        where = arguments.index(option)
        del arguments[where : where + 2]
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments], cwd=folder, capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.ci] if name == "icebreaker" else [])
        for name in list_boards()
        if is_open(name)
    ],
)
def test_nextpnr_knows_every_pin(name, tmp_path):
    board = load_board(name)
    try:
        check_tools(board)
    except ToolError as error:
        pytest.skip(str(error))
    whole = everything(board)
    done = pack(whole, tmp_path / "whole")
    assert done.returncode == 0, done.stderr[-1000:]
    # The same with one pin that the package does not have.
    missing = "199" if whole.settings["oscillator"]["pin"].isdigit() else "AZ99"
    table = {**whole.settings["pins"], "held_high": [*whole.settings["pins"]["held_high"], missing]}
    wrong = replace(whole, settings={**whole.settings, "pins": table})
    done = pack(wrong, tmp_path / "wrong")
    assert done.returncode != 0
    assert missing in done.stdout + done.stderr
