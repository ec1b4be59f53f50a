"""Projects of Cyclone V, MAX 10 and Arria 10 boards with a serial line."""

from __future__ import annotations

from pathlib import Path

from ....boards.board import Board
from ....hdl.clock.intel import IOPLL
from ..line import write_line
from ..memories import vendor_rtl
from ..serial_top import TOP, plan_line, serial_top, sources
from ..settings import line_settings, setting
from ..templates import render, write_texts


def write_project(board: Board, clock_mhz: float, seed: int, build: Path) -> Path:
    """Write ``project/`` of a build: Verilog, timing, and the script that makes the project.

    Parameters
    ----------
    board : Board
        With ``device.part``, ``device.family``, ``oscillator``, ``uart`` and ``pins``.
    clock_mhz : float
        Clock of the core.
    seed : int
        Of the fitter; Quartus counts from 1.
    build : Path
        Its ``rtl/`` is there already, ``shell.v`` included.

    Raises
    ------
    BoardError
        If the board's file lacks something, or its clock or baud rate cannot be made.
    """
    line = line_settings(board)
    verilog, memories = vendor_rtl(build / "rtl", sources(build))
    values = {
        "board": board,
        "family": setting(board, "device", "family", str),
        "part": setting(board, "device", "part", str),
        "clock": f"{clock_mhz:g}",
        "oscillator": f"{line.oscillator_mhz:g}",
        "line": line,
        "apart": plan_line(board, line, clock_mhz).apart,
        "period": f"{1000 / line.oscillator_mhz:.3f}",
        "sites": line.sites,
        "standard": setting(board, "pins", "io_type", str),
        "seed": seed + 1,
        "top": TOP,
        # Where the oscillator is the clock, there is no PLL.
        "pll": IOPLL if board.family == "arria10" and clock_mhz != line.oscillator_mhz else None,
        "sources": list(verilog),
    }
    folder = build / "project"
    texts = {f"{TOP}.v": serial_top(board, line, clock_mhz), **verilog, **memories}
    for name, template in (
        ("build.tcl", "build.tcl.jinja"),
        (f"{TOP}.sdc", "top.sdc.jinja"),
        ("README.md", "README.md.jinja"),
    ):
        texts[name] = render(__package__, template, **values)
    if values["pll"] is not None:
        texts[f"{IOPLL}.tcl"] = render(__package__, "pll.tcl.jinja", **values)
    write_texts(folder, texts)
    write_line(board, clock_mhz, build)
    return folder
