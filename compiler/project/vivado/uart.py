"""Projects of boards with a serial line, such as Artix-7."""

from __future__ import annotations

from pathlib import Path

from ....boards.board import Board
from ..line import write_line
from ..memories import vendor_rtl
from ..serial_top import TOP, plan_line, serial_top, sources
from ..settings import line_settings, setting
from ..templates import render, write_texts

_VOLTS = {"LVCMOS33": "3.3", "LVTTL": "3.3", "LVCMOS25": "2.5", "LVCMOS18": "1.8"}
"""Of the configuration bank, where the pins' standard tells it."""


def write_uart_project(board: Board, clock_mhz: float, build: Path) -> Path:
    """Write ``project/`` of a build: Verilog, pins, and the script for Vivado's batch mode.

    Parameters
    ----------
    board : Board
        With ``device.part``, ``oscillator``, ``uart`` and ``pins``.
    clock_mhz : float
        Clock of the core.
    build : Path
        Its ``rtl/`` is there already, ``shell.v`` included.

    Raises
    ------
    BoardError
        If the board's file lacks something, or its clock or baud rate cannot be made.
    """
    line = line_settings(board)
    verilog, memories = vendor_rtl(build / "rtl", sources(build))
    standard = setting(board, "pins", "io_type", str)
    values = {
        "board": board,
        "part": setting(board, "device", "part", str),
        "clock": f"{clock_mhz:g}",
        "line": line,
        "apart": plan_line(board, line, clock_mhz).apart,
        "period": f"{1000 / line.oscillator_mhz:.3f}",
        "sites": line.sites,
        "standard": standard,
        "volts": _VOLTS.get(standard),
        "top": TOP,
        "sources": list(verilog),
        "memories": list(memories),
    }
    folder = build / "project"
    texts = {f"{TOP}.v": serial_top(board, line, clock_mhz), **verilog, **memories}
    for name, template in (
        ("build.tcl", "uart.tcl.jinja"),
        (f"{TOP}.xdc", "uart.xdc.jinja"),
        ("README.md", "uart.md.jinja"),
    ):
        texts[name] = render(__package__, template, **values)
    write_texts(folder, texts)
    write_line(board, clock_mhz, build)
    return folder
