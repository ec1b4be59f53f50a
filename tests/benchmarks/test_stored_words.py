"""The benchmark's demands, as slow tests."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("stored_words.py")


@pytest.mark.slow
@pytest.mark.parametrize("family", ["ecp5", "gowin", "ice40", "xc7"])
def test_weights_in_look_up_tables_are_close_to_yosys(family: str) -> None:
    result = subprocess.run([sys.executable, str(SCRIPT), family], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
