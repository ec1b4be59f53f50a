"""External tools that start processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

PATIENCE = 2.0
"""Seconds in which killed processes are waited for; where nobody reaps them they never go."""


def run_tool(
    command: Sequence[str],
    *,
    folder: Path,
    output: IO[str],
    environment: Mapping[str, str] | None = None,
) -> int:
    """Run a tool; by an exception (a signal's as well) it ends with all that it has started.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    folder : Path
        Where it runs.
    output : file
        Takes what it prints.
    environment : mapping of str to str, optional
        Its variables; this process's by default.

    Returns
    -------
    int
        The exit code.
    """
    variables = os.environ if environment is None else environment
    # A compiler that is killed leaves its temporary files.
    with tempfile.TemporaryDirectory(prefix="sangi-tool-", ignore_cleanup_errors=True) as own:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**variables, "TMPDIR": own},
            stdout=output,
            stderr=subprocess.STDOUT,
            # Its session's number names all that it starts.
            start_new_session=True,
        )
        try:
            return process.wait()
        except BaseException:
            _end(process)
            raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it has started, and wait until they are gone."""
    if sys.platform == "win32":
        process.kill()
        process.wait()
        return
    deadline = time.monotonic() + PATIENCE
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while time.monotonic() < deadline:
            os.killpg(process.pid, 0)
            time.sleep(0.01)
