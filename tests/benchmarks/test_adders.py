"""Our adder networks are no larger than da4ml's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("adders.py")


@pytest.mark.slow
def test_the_smallest_matrix_takes_no_more_than_with_da4ml() -> None:
    pytest.importorskip("da4ml", reason="da4ml is not installed: pip install sangi[bench]")
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--matrix", "27x64@45"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    ratios = re.findall(r"da4ml .* (\d\.\d+), (\d\.\d+)$", result.stdout, re.MULTILINE)
    assert len(ratios) == 2
    assert all(float(luts) < 1 for luts, _ in ratios)


def test_unknown_matrices_are_refused() -> None:
    pytest.importorskip("pyosys", reason="pyosys is not installed")
    result = subprocess.run(
        [sys.executable, str(SCRIPT), "--matrix", "27x64@44"], capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "--matrix must be among 27x64@45, 288x64@10" in result.stderr
    assert "not 27x64@44" in result.stderr
