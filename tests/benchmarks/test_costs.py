"""The benchmark's demands, as slow tests."""

import subprocess
import sys
from pathlib import Path

import pytest

FAMILIES = ("cyclonev", "ecp5", "gowin", "ice40", "max10", "xc7", "xcup")


def run(*arguments: str) -> None:
    """Run the benchmark; it prints what is off."""
    script = Path(__file__).with_name("costs.py")
    result = subprocess.run(
        [sys.executable, str(script), *arguments], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.ci
def test_a_network_is_close_to_yosys() -> None:
    run("--family", "ecp5", "digits_ternary")


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_networks_are_close_to_yosys(family: str) -> None:
    run("--family", family)
