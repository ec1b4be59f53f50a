"""From a project to its bitstream, with the tools that come from pip."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...runtime.errors import ToolError
from ...sim.tool import run_tool
from .open_project import Command, OpenProject
from .serial_top import TOP

_SHELL = "oscillator"
"""In the name of the shell's clock domain, where it is not the core's."""

_YOSYS = """\
import sys
import pyosys.libyosys as yosys
yosys.run_pass("script " + sys.argv[1], yosys.Design())
"""
_SCRIPT = """\
import importlib
import sys
module, function, *sys.argv = sys.argv[1:]
sys.exit(getattr(importlib.import_module(module), function)())
"""


@dataclass(frozen=True)
class Usage:
    """Cells of one kind, and who counted them (``nextpnr`` or ``yosys``)."""

    used: int
    available: int
    source: str = "nextpnr"


@dataclass(frozen=True)
class Routed:
    """What place and route found.

    Attributes
    ----------
    bitstream : Path
    fmax_mhz : float
        Of the core's clock.
    timing_met : bool
        Whether every domain reaches its clock.
    resources : mapping of str to Usage
        By lut, ff, bram, dsp.
    """

    bitstream: Path
    fmax_mhz: float
    timing_met: bool
    resources: Mapping[str, Usage]


def check_packages(commands: Sequence[Command]) -> None:
    """Make sure that Yosys and the packages of ``commands`` are there.

    Raises
    ------
    ToolError
        With the command that installs them.
    """
    packages = [("pyosys", "pyosys")]
    packages += [(command.module.partition(".")[0], command.package) for command in commands]
    for module, package in packages:
        if importlib.util.find_spec(module) is None:
            raise ToolError(
                f"a bitstream needs the package {package}, which is not "
                "installed; install it with: pip install 'sangi[bitstream]'"
            )


def make_open_bitstream(project: OpenProject, build: Path) -> Routed:
    """Run Yosys, nextpnr and the packer in ``project/`` of a build.

    Leaves ``project/top.*``, the bitstream; logs and nextpnr's report go to ``log/``. The same
    project gives the same bytes. A missed clock is no error.

    Parameters
    ----------
    project : OpenProject
        What was written to ``project/``.
    build : Path

    Raises
    ------
    ToolError
        If a tool is missing or fails (with its errors, or its last lines).
    """
    check_packages((project.route, project.pack))
    folder, log = build / "project", build / "log"
    log.mkdir(parents=True, exist_ok=True)
    _run("Yosys", [_YOSYS, "synth.ys"], folder, log / "yosys.log")
    netlist = _count(folder / f"{TOP}.json", project.flip_flops) if project.flip_flops else None
    _call(project.route, folder, log / "nextpnr.log")
    report = log / "nextpnr.json"
    if not (folder / "report.json").exists():
        # An option that it does not know is no reason for nextpnr to fail.
        raise ToolError(f"{project.route.tool} wrote no report: {_complaint(log / 'nextpnr.log')}")
    (folder / "report.json").replace(report)
    _call(project.pack, folder, log / f"{project.pack.tool}.log")
    for intermediate in project.intermediates:
        (folder / intermediate).unlink()
    return parse_report(
        json.loads(report.read_text(encoding="utf-8")),
        folder / project.bitstream,
        project.cells,
        netlist,
        project.line.oscillator_mhz,
    )


def parse_report(
    report: Mapping[str, Any],
    bitstream: Path,
    cells: Mapping[str, tuple[str, ...]],
    flip_flops: int | None = None,
    oscillator_mhz: float = math.inf,
) -> Routed:
    """Read nextpnr's ``--report``.

    Parameters
    ----------
    report : mapping
    bitstream : Path
    cells : mapping of str to tuple of str
        See ``OpenProject``; the first of a tuple says how many there are.
    flip_flops : int, optional
        Those of the netlist, where the report counts logic cells only.
    oscillator_mhz : float
        What the domain ``oscillator``, the shell's where it is not the core's, must reach: some
        nextpnr know of the core's clock only.

    Raises
    ------
    ToolError
        If the report does not say how many cells of a type there are.
    """
    reached, met = {}, []
    for name, domain in report["fmax"].items():
        reached[name] = float(domain["achieved"])
        wanted = float(domain["constraint"])
        met.append(reached[name] >= (min(wanted, oscillator_mhz) if _SHELL in name else wanted))
    core = [mhz for name, mhz in reached.items() if _SHELL not in name] or list(reached.values())
    usage = report["utilization"]
    resources = {}
    for name, kinds in cells.items():
        used = sum(usage.get(kind, {"used": 0})["used"] for kind in kinds)
        resources[name] = Usage(used, _available(usage, kinds[0]) if kinds else 0)
    if flip_flops is not None:
        # A logic cell holds a LUT and a flip-flop.
        resources["ff"] = Usage(flip_flops, resources["lut"].available, "yosys")
    return Routed(
        bitstream=bitstream,
        fmax_mhz=round(min(core, default=0.0), 3),
        timing_met=all(met),
        resources=resources,
    )


def _available(usage: Mapping[str, Any], kind: str) -> int:
    """Return how many cells of a type there are."""
    if kind not in usage:
        raise ToolError(
            f"nextpnr's report must say how many {kind} there are, not only of "
            f"{', '.join(sorted(usage)) or 'nothing'}; install the nextpnr that sangi knows with: "
            "pip install -U 'sangi[bitstream]'"
        )
    return int(usage[kind]["available"])


def _count(netlist: Path, prefix: str) -> int:
    """Count the cells of the top module whose type begins with ``prefix``."""
    module = json.loads(netlist.read_text(encoding="utf-8"))["modules"][TOP]
    return sum(cell["type"].startswith(prefix) for cell in module["cells"].values())


def _call(command: Command, folder: Path, log: Path) -> None:
    arguments = [command.module, command.function, command.script, *command.arguments]
    _run(command.tool, [_SCRIPT, *arguments], folder, log)


def _run(tool: str, arguments: Sequence[str], folder: Path, log: Path) -> None:
    with log.open("w", encoding="utf-8") as stream:
        code = run_tool([sys.executable, "-c", *arguments], folder=folder, output=stream)
    if code:
        raise ToolError(f"{tool} failed (exit code {code}): {_complaint(log)}")


def _complaint(log: Path) -> str:
    """Return a log's errors, or its last lines."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if line.lower().startswith("error")] or lines[-3:]
    return " ".join(errors)[:600]
