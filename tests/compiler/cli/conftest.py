"""The command line as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sangi_command() -> list[str]:
    """How ``sangi`` is started."""
    return [sys.executable, "-c", "from sangi.compiler.cli.main import main; main()"]


@pytest.fixture
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
