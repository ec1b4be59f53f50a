"""Tools end with all that they have started."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from sangi.sim.tool import run_tool
from sangi.sim.verilator import build
from sangi.sim.verilator.build import verilate


class Interrupted(BaseException):
    """What the signal raises."""


@pytest.fixture
def interrupting(tmp_path: Path) -> Iterator[Path]:
    """A pipe; who opens it for writing interrupts the test."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interrupted

    def watch() -> None:
        with pipe.open("rb") as reader:
            os.kill(os.getpid(), signal.SIGALRM)
            # Ends when nobody holds the pipe any more.
            reader.read()

    before = signal.signal(signal.SIGALRM, interrupt)
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield pipe
    signal.signal(signal.SIGALRM, before)
    watcher.join(timeout=20)
    assert not watcher.is_alive(), "what the tool has started goes on"


def test_an_interrupt_ends_what_the_tool_has_started(interrupting: Path) -> None:
    command = ["sh", "-c", f"sleep 1; sleep 60 > '{interrupting}' & wait"]
    began = time.monotonic()
    with open(os.devnull, "w") as output, pytest.raises(Interrupted):
        run_tool(command, folder=interrupting.parent, output=output)
    assert time.monotonic() - began < 30


def test_an_interrupt_ends_what_verilator_has_started(
    interrupting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = interrupting.parent
    program = folder / "verilator"
    program.write_text(f"#!/bin/sh\nsleep 1\nsleep 60 > '{interrupting}' &\nwait\n")
    program.chmod(0o755)
    monkeypatch.setattr(build, "executable", lambda: program)
    with pytest.raises(Interrupted):
        verilate("top", [], "", folder / "built")


def test_output_exit_code_and_temporary_files(tmp_path: Path) -> None:
    script = (
        "import os, sys, tempfile; print(tempfile.mkdtemp(), os.environ['MARK'], os.getcwd());"
        "print('error', file=sys.stderr); sys.exit(3)"
    )
    log = tmp_path / "log"
    with log.open("w") as output:
        code = run_tool(
            [sys.executable, "-c", script],
            folder=tmp_path,
            output=output,
            environment={**os.environ, "MARK": "x"},
        )
    assert code == 3
    (temporary, mark, place), (error,) = (line.split() for line in log.read_text().splitlines())
    assert (mark, place, error) == ("x", str(tmp_path), "error")
    assert not Path(temporary).exists()
