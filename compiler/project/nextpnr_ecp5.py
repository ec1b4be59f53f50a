"""Projects for Yosys, nextpnr-ecp5 and ecppack."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import jinja2

from ...boards.board import Board
from ...hdl.shell.uart.top import Top, plan_top
from ...runtime.errors import BoardError
from ..circuit.shell import component_verilog
from .settings import Ecp5Settings, ecp5_settings

TOP = "top"


def write_project(board: Board, clock_mhz: float, seed: int, build: Path) -> Path:
    """Write ``project/`` of a build: top level, pins, scripts.

    Parameters
    ----------
    board : Board
    clock_mhz : float
        Clock of shell and core.
    seed : int
        Of placement.
    build : Path
        Its ``rtl/`` is there already, ``shell.v`` included; the scripts name its files.

    Returns
    -------
    Path
        The project's folder.

    Raises
    ------
    BoardError
        If the board's file lacks something, or its clock or baud rate cannot be made.
    """
    settings = ecp5_settings(board)
    try:
        params = plan_top(
            board.family,
            settings.oscillator_mhz,
            clock_mhz,
            settings.baud,
            len(settings.held_high),
        )
    except ValueError as error:
        raise BoardError(f"board {board.name}: {error}") from error
    folder = build / "project"
    folder.mkdir(parents=True, exist_ok=True)
    head = f"// {TOP}: {board.title}, {clock_mhz:g} MHz, {params.baud:.0f} baud\n"
    texts = {
        f"{TOP}.v": head + component_verilog(Top(params), TOP),
        f"{TOP}.lpf": constraints(settings),
        "synth.ys": synthesis([path.name for path in sorted((build / "rtl").glob("*.v"))]),
        "build.sh": _render("build.sh.jinja", board, settings, clock_mhz, seed),
        "README.md": _render("README.md.jinja", board, settings, clock_mhz, seed),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / "build.sh").chmod(0o755)
    return folder


def constraints(settings: Ecp5Settings) -> str:
    """Return the pins' file (Lattice's LPF)."""
    sites = {
        "oscillator": settings.oscillator_pin,
        "serial_in": settings.rx_pin,
        "serial_out": settings.tx_pin,
    }
    if len(settings.held_high) == 1:
        sites["held_high"] = settings.held_high[0]
    else:
        sites |= {f"held_high[{bit}]": pin for bit, pin in enumerate(settings.held_high)}
    lines = [f'FREQUENCY PORT "oscillator" {settings.oscillator_mhz:g} MHZ;']
    for port, site in sites.items():
        lines.append(f'LOCATE COMP "{port}" SITE "{site}";')
        lines.append(f'IOBUF PORT "{port}" IO_TYPE={settings.io_type};')
    return "\n".join(lines) + "\n"


def synthesis(sources: list[str]) -> str:
    """Return Yosys' script, to be run in ``project/``."""
    lines = [f"read_verilog ../rtl/{name}" for name in sources]
    lines += [
        f"read_verilog {TOP}.v",
        # abc9 stops at wires that are called like an element of another.
        "rename -hide w:*[*]*",
        f"synth_ecp5 -top {TOP} -json {TOP}.json",
    ]
    return "\n".join(lines) + "\n"


def place_and_route(settings: Ecp5Settings, clock_mhz: float, seed: int) -> list[str]:
    """Return nextpnr's arguments, to be run in ``project/``."""
    return [
        f"--{settings.size}",
        "--package",
        settings.package,
        "--speed",
        str(settings.speed),
        "--json",
        f"{TOP}.json",
        "--lpf",
        f"{TOP}.lpf",
        "--freq",
        f"{clock_mhz:g}",
        "--seed",
        str(seed),
        "--timing-allow-fail",
        "--report",
        "report.json",
        "--textcfg",
        f"{TOP}.config",
    ]


def pack() -> list[str]:
    """Return ecppack's arguments, to be run in ``project/``."""
    return ["--compress", f"{TOP}.config", f"{TOP}.bit"]


def _render(
    template: str, board: Board, settings: Ecp5Settings, clock_mhz: float, seed: int
) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    text = files(__package__).joinpath(template).read_text(encoding="utf-8")
    return environment.from_string(text).render(
        board=board,
        clock_mhz=f"{clock_mhz:g}",
        nextpnr=" ".join(place_and_route(settings, clock_mhz, seed)),
        ecppack=" ".join(pack()),
        settings=settings,
    )
