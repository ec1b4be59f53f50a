"""The benchmark's demands: a line of it, and as a slow test all of it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).with_name("engines.py")


def benchmark() -> ModuleType:
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("engines_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.ci
def test_a_mixture_is_cheaper_than_every_engine_alone(capsys: pytest.CaptureFixture[str]) -> None:
    script = benchmark()
    assert script.compare(script.pruned(), "pynq_z2", 40_000) < 0.95
    assert "all / best = 0." in capsys.readouterr().out


@pytest.mark.slow
def test_demands_hold() -> None:
    result = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "MISSED" not in result.stdout
