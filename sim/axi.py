"""The device ``sim:`` of a build with the AXI shell: Verilated, behind a pipe."""

from __future__ import annotations

import re
import time
from collections import deque
from pathlib import Path

from ..runtime.devices.axi_device import AxiDevice
from ..runtime.errors import BuildError, DeviceError
from ..runtime.program import Program
from .pipe import PipeTransport
from .verilator.once import render, verilate_once

TOP = "axi_shell"
FILE = f"{TOP}.v"

IDLE_CYCLES = 1 << 20
"""Cycles without a word after which the simulation slows down, to spare the processor."""

SLOTS = 128
"""Frames under way: some milliseconds of a small network, in which this process may be waiting."""

PATIENCE = 600.0
"""Seconds without an answer until the circuit counts as stuck."""


def has_axi(build: Path) -> bool:
    """Return whether a build's circuit has the AXI shell."""
    return (build / "rtl" / FILE).exists()


class PipeLink:
    """The commands of ``axi_shell.cpp.jinja``, over a pipe.

    Parameters
    ----------
    transport : PipeTransport
        To the simulation; closed by ``close``.
    """

    slots = SLOTS

    def __init__(self, transport: PipeTransport) -> None:
        self._transport = transport
        self._pending = bytearray()
        self._results: deque[bytes] = deque()

    def read(self, offset: int) -> int:
        """Read a register."""
        self._transport.write(bytes([ord("R"), offset]))
        return int.from_bytes(self._answer(b"V", 5)[1:], "little")

    def write(self, offset: int, value: int) -> None:
        """Write a register."""
        self._transport.write(bytes([ord("W"), offset]) + value.to_bytes(4, "little"))
        self._answer(b"K", 1)

    def send(self, frame: bytes) -> None:
        """Let the simulation send a frame."""
        self._transport.write(b"F" + len(frame).to_bytes(4, "little") + frame)

    def receive(self, timeout: float) -> bytes | None:
        """Return the next result, None after ``timeout`` seconds."""
        until = time.monotonic() + timeout
        while not self._results:
            if not self._take_result() and not self._more(until):
                return None
        return self._results.popleft()

    def restart(self) -> None:
        """Wait until nothing is under way, and forget the results."""
        self._transport.write(b"X")
        self._answer(b"X", 1)
        self._results.clear()

    def close(self) -> None:
        """End the simulation."""
        self._transport.close()

    def _answer(self, kind: bytes, size: int) -> bytes:
        """Return the answer of a command; keep the results that come before it."""
        until = time.monotonic() + PATIENCE
        while True:
            if self._take_result():
                continue
            if self._pending[:1] == kind and len(self._pending) >= size:
                answer = bytes(self._pending[:size])
                del self._pending[:size]
                return answer
            if not self._more(until):
                raise DeviceError(f"the simulation must answer within {PATIENCE:g} s, and has not")

    def _take_result(self) -> bool:
        """Keep the result at the beginning of what was received, if there is a whole one."""
        pending = self._pending
        if pending[:1] != b"D" or len(pending) < 5:
            return False
        end = 5 + int.from_bytes(pending[1:5], "little")
        if len(pending) < end:
            return False
        self._results.append(bytes(pending[5:end]))
        del pending[:end]
        return True

    def _more(self, until: float) -> bool:
        """Receive something; False when the time is over."""
        left = until - time.monotonic()
        if left <= 0:
            return False
        self._pending += self._transport.read(min(left, 1.0))
        return True


def open_axi(build: Path, program: Program) -> AxiDevice:
    """Open the simulation of a build whose ``rtl`` holds ``axi_shell.v``; compile it where needed.

    It is kept in ``results/sim_axi`` of the build.

    Raises
    ------
    BuildError
        If ``axi_shell.v`` is none of ours.
    ToolError
        See ``verilate``.
    DeviceError
        See ``AxiDevice``.
    """
    sources = sorted((build / "rtl").glob("*.v"))
    text = next(source for source in sources if source.name == FILE).read_text(encoding="utf-8")
    main = render(
        f"{TOP}.cpp.jinja",
        top=TOP,
        in_bytes=_word_bytes(text, "s_axis_tkeep"),
        out_bytes=_word_bytes(text, "m_axis_tkeep"),
        idle_cycles=IDLE_CYCLES,
    )
    executable = verilate_once(TOP, sources, main, build / "results" / "sim_axi")
    return AxiDevice(program, PipeLink(PipeTransport(executable)), timeout=PATIENCE)


def _word_bytes(verilog: str, port: str) -> int:
    """Return the width of a port of the shell."""
    found = re.search(rf"(?:input|output) \[(\d+):0\] {port};", verilog)
    if found is None:
        raise BuildError(f"{FILE} must have a port {port}, and has none; compile the build again")
    return int(found[1]) + 1
