"""The device ``sim:``: the circuit and its shell, compiled by Verilator, behind a pipe.

``sim:pins`` is the whole top level of the board at its pins, see ``pins.py``.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from pathlib import Path

from ..runtime.devices.packet_device import PacketDevice
from ..runtime.errors import DeviceError
from ..runtime.program import Program
from .pins import open_pins
from .verilator.once import render, sources_of, verilate_once

TOP = "shell"
IDLE_CYCLES = 1 << 24
"""Cycles without a byte after which the simulation slows down, to spare the processor."""

TIMEOUT = 2.0
"""Seconds of silence until packets are repeated; nothing is lost on a pipe."""

PATIENCE = 600.0
"""Seconds without progress until the circuit counts as stuck."""


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


def harness() -> str:
    """Return the text of the C++ program around the module ``shell``."""
    return render("shell.cpp.jinja", top=TOP, rx="rx_", tx="tx_", idle_cycles=IDLE_CYCLES)


def executable_of(build: Path) -> Path:
    """Return the Verilated shell of a build; compile it where that was not done for this Verilog.

    It is kept in ``results/sim_device`` of the build.

    Raises
    ------
    BuildError
        If the build has no ``rtl/shell.v``.
    ToolError
        See ``verilate``.
    """
    sources = sources_of(build)
    return verilate_once(TOP, sources, harness(), build / "results" / "sim_device")


def open_device(address: str, build: Path, program: Program) -> PacketDevice:
    """Open ``sim:`` or ``sim:pins``.

    Raises
    ------
    BuildError, ToolError
        See ``executable_of`` and ``pins.open_pins``.
    DeviceError
        If the address is another, or see ``PacketDevice``.
    """
    if address == "pins":
        return open_pins(build, program)
    if address:
        raise DeviceError(f"device sim: must be sim: or sim:pins, not {'sim:' + address!r}")
    transport = PipeTransport(executable_of(build))
    return PacketDevice(program, transport, timeout=TIMEOUT, patience=PATIENCE)
