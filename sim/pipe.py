"""A simulation in a process of its own, behind a pipe."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from pathlib import Path

from ..runtime.errors import DeviceError


class PipeTransport:
    """Bytes to and from a process, by its standard input and output.

    Parameters
    ----------
    executable : Path
        Started here; ended by ``close``.
    """

    def __init__(self, executable: Path) -> None:
        self._process = subprocess.Popen(
            [str(executable)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._receive, daemon=True).start()

    def write(self, data: bytes) -> None:
        """Send; DeviceError if the process has ended."""
        assert self._process.stdin is not None
        try:
            view = memoryview(data)
            while view:
                view = view[self._process.stdin.write(view) :]
        except (OSError, ValueError) as error:  # ValueError: the pipe is closed on our side
            raise DeviceError(f"the simulation has ended: {error}") from error

    def read(self, timeout: float) -> bytes:
        """Return what has arrived, waiting at most ``timeout`` seconds."""
        try:
            return self._received.get(timeout=timeout)
        except queue.Empty:
            if self._process.poll() is not None:
                raise DeviceError(
                    f"the simulation has ended with exit code {self._process.returncode}"
                ) from None
            return b""

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _receive(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while data := os.read(output.fileno(), 1 << 16):
                self._received.put(data)
