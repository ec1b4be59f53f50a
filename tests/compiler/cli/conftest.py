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
    build = tmp_path_factory.mktemp("tiny") / "build"
    done = run_sangi(
        *("compile", DIGITS / "digits_tiny.onnx", "--board", "icebreaker", "-o", build)
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(
        "note: board icebreaker is only a budget so far: project/ was not written\n"
    )
    return build
