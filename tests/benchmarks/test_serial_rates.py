"""Adders a few bits wide take a fraction of the area of whole ones."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("serial_rates.py")


@pytest.mark.slow
def test_area_falls_with_the_rate() -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    command = [sys.executable, str(SCRIPT), "--matrix", "96x16@40", "--bits", "8"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    rows = re.findall(r"(xc7|ecp5) +1/(\d+) +\d+ +\d+ +(\d\.\d+) +\d+ +\d", result.stdout)
    assert [(family, rate) for family, rate, _ in rows] == [
        (family, rate) for family in ("xc7", "ecp5") for rate in ("1", "4", "16")
    ]


def test_unknown_matrices_are_refused() -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    command = [sys.executable, str(SCRIPT), "--matrix", "96x16"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "--matrix must be INPUTSxFILTERS@PERCENT, not 96x16" in result.stderr
