"""The demands of the benchmark of compression's search, as slow tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.skipif("SANGI_DATA" not in os.environ, reason="SANGI_DATA is not set"),
]


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    script = Path(__file__).with_name("compress_grid.py")
    work = tmp_path_factory.mktemp("grid")
    result = subprocess.run(
        [sys.executable, str(script), "--work", str(work)], capture_output=True, text=True
    )
    assert result.returncode in (0, 1), result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "demand",
    [
        "combinations of three rungs",
        "fewer trainings",
        pytest.param(
            "size against the grid's best",
            marks=pytest.mark.xfail(
                reason="1.47 of the grid's best where a third of the points miss the target",
                strict=True,
            ),
        ),
    ],
)
def test_demand_holds(printed: str, demand: str) -> None:
    assert f"ok      {demand}" in printed
