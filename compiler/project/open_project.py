"""What every project for Yosys and nextpnr consists of; each family fills it in."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...boards.board import Board
from .line import write_line
from .serial_top import TOP, serial_top, sources
from .settings import LineSettings
from .templates import render, write_texts


@dataclass(frozen=True)
class Command:
    """A tool that pip installs, to be run in ``project/``.

    Attributes
    ----------
    tool : str
        What messages call it.
    script : str
        The command that pip puts on the path.
    module, function : str
        What that command calls.
    package : str
        Its name on PyPI.
    arguments : tuple of str
    """

    tool: str
    script: str
    module: str
    function: str
    package: str
    arguments: tuple[str, ...]

    @property
    def shell(self) -> str:
        """The command as a line of ``build.sh``; a variable called like the tool replaces it."""
        variable = self.tool.upper().replace("-", "_")
        return f'"${{{variable}:-{self.script}}}" ' + shlex.join(self.arguments)


@dataclass(frozen=True)
class OpenProject:
    """A project for Yosys and nextpnr.

    Attributes
    ----------
    line : LineSettings
    variant : str
        Which of the family's PLLs; see ``plan_clock``.
    files : mapping of str to str
        What these tools read besides the circuit, by name: constraints, maps of cells.
    synthesis : str
        Yosys' pass.
    route, pack : Command
        Place and route (writes ``report.json``), and what makes the bitstream.
    bitstream : str
        Its file.
    intermediates : tuple of str
        What the tools leave behind besides.
    cells : mapping of str to tuple of str
        Cells in nextpnr's report that count as ``lut``, ``ff``, ``bram``, ``dsp``.
    flip_flops : str
        Where the report does not count flip-flops, how their cells' names begin in Yosys' netlist;
        else empty.
    flat : tuple of str
        Yosys' commands on the netlist of one module, the last ones before it is written.
    """

    line: LineSettings
    variant: str
    files: Mapping[str, str]
    synthesis: str
    route: Command
    pack: Command
    bitstream: str
    intermediates: tuple[str, ...]
    cells: Mapping[str, tuple[str, ...]]
    flip_flops: str = ""
    flat: tuple[str, ...] = ()


def write_open_project(board: Board, project: OpenProject, clock_mhz: float, build: Path) -> Path:
    """Write ``project/`` of a build: top level, constraints, scripts.

    Parameters
    ----------
    board : Board
    project : OpenProject
        Of this board, clock and the seed of placement.
    clock_mhz : float
        Clock of the core.
    build : Path
        Its ``rtl/`` is there already, ``shell.v`` included; the scripts name its files.

    Returns
    -------
    Path
        The project's folder.

    Raises
    ------
    BoardError
        If the board's clock or baud rate cannot be made.
    """
    top = serial_top(board, project.line, clock_mhz, project.variant)
    programmer = board.settings.get("programmer", {}).get("command", [])
    values = {
        "board": board,
        "clock_mhz": f"{clock_mhz:g}",
        "packages": " ".join(dict.fromkeys((project.route.package, project.pack.package))),
        "programmer": shlex.join(programmer).replace("'{bitstream}'", project.bitstream),
        "project": project,
    }
    folder = build / "project"
    texts = {
        f"{TOP}.v": top,
        **project.files,
        "synth.ys": synthesis([f"../rtl/{name}" for name in sources(build)], project),
        "build.sh": render(str(__package__), "build.sh.jinja", **values),
        "README.md": render(str(__package__), "README.md.jinja", **values),
    }
    write_texts(folder, texts)
    (folder / "build.sh").chmod(0o755)
    write_line(board, clock_mhz, build)
    return folder


def synthesis(paths: list[str], project: OpenProject) -> str:
    """Return Yosys' script, to be run in ``project/``, for Verilog at these paths."""
    lines = [f"read_verilog {path}" for path in paths]
    lines += [
        f"read_verilog {TOP}.v",
        # abc9 stops at wires that are called like an element of another.
        "rename -hide w:*[*]*",
        project.synthesis,
        # What is kept apart is mapped apart; place and route gets one module.
        "setattr -mod -unset keep_hierarchy *",
        "flatten",
        "clean",
        *project.flat,
        f"write_json {TOP}.json",
    ]
    return "\n".join(lines) + "\n"
