"""The benchmark's demands, as a slow test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_data = pytest.mark.skipif("SANGI_DATA" not in os.environ, reason="SANGI_DATA is not set")


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("part", ["int8", "float", "speed"])
def test_demands_hold(part: str) -> None:
    script = Path(__file__).with_name("resnet8.py")
    result = subprocess.run(
        [sys.executable, str(script), "--part", part], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "MISSED" not in result.stdout
    assert "ok" in result.stdout
