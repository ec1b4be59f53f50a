"""Every QDQ and QONNX model of the data folder holds the limits, or is refused as documented."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_data = pytest.mark.skipif("SANGI_DATA" not in os.environ, reason="SANGI_DATA is not set")


@pytest.mark.slow
@pytest.mark.ci
@needs_data
def test_every_model_holds_the_limits() -> None:
    script = Path(__file__).with_name("formats.py")
    result = subprocess.run(
        [sys.executable, str(script), "--frames", "20"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    verdicts = result.stdout.rpartition("\n\n")[2].splitlines()
    assert len(verdicts) == 9
    assert all(line.startswith("ok ") for line in verdicts), verdicts
    assert sum("refused" in line for line in verdicts) == 2
