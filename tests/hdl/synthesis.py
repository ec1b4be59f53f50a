"""What Yosys makes of a component's Verilog."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib.wiring import Component
from pyosys import libyosys


def cells(component: Component, command: str) -> dict[str, int]:
    """Return how many cells of each type are left after the passes of ``command``.

    The component goes through Verilog, as in a build.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "top.il").write_text(rtlil.convert(component, name="top"), encoding="utf-8")
        _run(folder, f"read_rtlil {folder}/top.il; proc; write_verilog {folder}/top.v")
        _run(
            folder,
            f"read_verilog {folder}/top.v; hierarchy -top top; flatten; {command}; "
            f"tee -q -o {folder}/stat stat -json",
        )
        text = (folder / "stat").read_text(encoding="utf-8")
    counts: dict[str, int] = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    return counts


def _run(folder: Path, commands: str) -> None:
    """Run commands in a fresh design, without their output."""
    design = libyosys.Design()
    for command in commands.split("; "):
        quiet = "" if command.startswith("tee") else f"tee -q -o {folder}/log "
        libyosys.run_pass(quiet + command, design)
