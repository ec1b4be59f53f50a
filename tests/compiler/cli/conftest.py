"""The command line as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
Command = Callable[..., subprocess.CompletedProcess[str]]

BUDGET = """
title = "An iCE40 of one's own, without a project"
part = "iCE40UP5K-SG48"
family = "ice40"
clock_mhz = 12.0
[resources]
lut = 5280
ff = 5280
bram = 30
dsp = 8
"""


@pytest.fixture(scope="session")
def sangi_command() -> list[str]:
    """How ``sangi`` is started."""
    return [sys.executable, "-c", "from sangi.compiler.cli.main import main; main()"]


@pytest.fixture(scope="session")
def run_sangi(sangi_command: list[str]) -> Command:
    """Run ``sangi`` with arguments and wait for it."""

    def run(
        *arguments: object, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        plain = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
        return subprocess.run(
            [*sangi_command, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=cwd,
            env={**os.environ, **plain, **variables},
        )

    return run


@pytest.fixture(scope="session")
def tiny_build(tmp_path_factory: pytest.TempPathFactory, run_sangi: Command) -> Path:
    """A build of digits_tiny for a board that is only a budget; not to be changed."""
    folder = tmp_path_factory.mktemp("tiny")
    board, build = folder / "chip.toml", folder / "build"
    board.write_text(BUDGET)
    done = run_sangi(*("compile", DIGITS / "digits_tiny.onnx", "--board", board, "-o", build))
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(
        "note: board chip is only a budget so far: project/ was not written\n"
    )
    return build
