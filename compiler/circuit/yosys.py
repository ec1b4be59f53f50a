"""Yosys from pip, in a process of its own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ...runtime.errors import ToolError

_CHILD = """\
import sys
import pyosys.libyosys as yosys
design = yosys.Design()
for line in sys.stdin:
    yosys.run_pass(line.rstrip("\\n"), design)
"""


def run_yosys(commands: Sequence[str], *, log: Path | None = None) -> str:
    """Run Yosys commands on one design, one after the other.

    An error of Yosys ends the process that it runs in; hence the child. Starting it takes less than
    a tenth of a second.

    Parameters
    ----------
    commands : sequence of str
        One line each.
    log : Path, optional
        File that takes the whole output.

    Returns
    -------
    str
        The whole output.

    Raises
    ------
    ToolError
        If pyosys is not installed, or with Yosys' own message if a command fails.
    """
    if importlib.util.find_spec("pyosys") is None:
        raise ToolError("writing Verilog needs pyosys; install with: pip install pyosys")
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input="".join(f"{command}\n" for command in commands),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    if log is not None:
        log.write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        raise ToolError(f"Yosys failed (exit code {done.returncode}): " + " ".join(errors)[:600])
    return done.stdout
