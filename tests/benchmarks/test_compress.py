"""The demands of the benchmark of compression's search, as a slow test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_data = pytest.mark.skipif("SANGI_DATA" not in os.environ, reason="SANGI_DATA is not set")


@pytest.mark.slow
@pytest.mark.torch
@needs_data
def test_search_against_grid(tmp_path: Path) -> None:
    script = Path(__file__).with_name("compress_grid.py")
    result = subprocess.run(
        [sys.executable, str(script), "--work", str(tmp_path)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "MISSED" not in result.stdout
    assert "ok" in result.stdout
