"""The device ``sim:pins``: a board's whole top level, at its pins, behind a pseudo-terminal.

The executable drives the oscillator, turns bytes into the bits of a serial line and back as the USB
bridge on a board does, and inverts the line or loses bytes where it is told to. The driver talks to
the pseudo-terminal with the code of ``uart:``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ..runtime.devices.packet_device import PacketDevice
from ..runtime.devices.uart import SerialTransport, open_port
from ..runtime.errors import BuildError, DeviceError, ToolError
from ..runtime.program import Program
from .verilator.once import render, sources_of, verilate_once

TOP = "top"
PRIMITIVES = Path(__file__).parent / "verilator" / "primitives.v"
"""Stand-ins for the PLLs: the executable makes their clock."""

IDLE_EDGES = 1 << 23
"""Edges of clocks without a byte after which the simulation slows down, to spare the processor."""

TIMEOUT = 2.0
"""Seconds of silence until packets are repeated: a simulation is slower than its board."""

PATIENCE = 600.0
"""Seconds without progress until the circuit counts as stuck."""


@dataclass(frozen=True)
class Faults:
    """What a bad line does, drawn from ``seed``.

    Attributes
    ----------
    inverted : float
        Chance that a line, either of the two, is inverted for the length of a bit.
    lost : float
        Chance that a byte is lost, in either direction.
    seed : int
    """

    inverted: float = 0.0
    lost: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Line:
    """Clocks and baud rate, as ``project/line.json`` of a build says."""

    oscillator_hz: int
    clock_hz: int
    baud: int


class PinsBoard:
    """A simulated board, with a pseudo-terminal instead of its USB bridge.

    Clients may open and close ``port`` as they like; the board runs until ``close``.

    Parameters
    ----------
    build : Path
        A build for a board with a serial line.
    faults : Faults

    Attributes
    ----------
    port : str
        The pseudo-terminal, for ``uart:PORT``.

    Raises
    ------
    BuildError
        If the build holds no project with a serial line.
    ToolError
        If the simulation cannot be made, or the system has no pseudo-terminals.
    """

    def __init__(self, build: Path, faults: Faults | None = None) -> None:
        faults = faults or Faults()
        line = line_of(build)
        executable = executable_of(build)
        try:
            import pty
            import tty
        except ImportError as error:
            raise ToolError(
                "sim:pins needs pseudo-terminals, which this system does not have; use sim:"
            ) from error
        bridge, self._terminal = pty.openpty()
        tty.setraw(self._terminal)
        self.port = os.ttyname(self._terminal)
        rates = (line.oscillator_hz, line.clock_hz, line.baud)
        figures = (*rates, faults.inverted, faults.lost, faults.seed)
        try:
            self._process = subprocess.Popen(
                [str(executable), *map(str, figures)], stdin=bridge, stdout=bridge
            )
        finally:
            os.close(bridge)

    def reset(self) -> None:
        """Configure the chip anew, whatever it is doing."""
        self._process.send_signal(signal.SIGUSR1)

    def close(self) -> None:
        """End the simulation."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    @property
    def ended(self) -> bool:
        """Whether the simulation has ended by itself."""
        return self._process.poll() is not None


class PinsTransport:
    """Bytes to and from a simulated board, over its pseudo-terminal.

    Parameters
    ----------
    board : PinsBoard
        Closed by ``close``.
    """

    def __init__(self, board: PinsBoard, baud: int) -> None:
        self._board = board
        self._serial = SerialTransport(open_port(board.port, baud))

    def write(self, data: bytes) -> None:
        """Send; DeviceError if the simulation has ended."""
        self._check()
        self._serial.write(data)

    def read(self, timeout: float) -> bytes:
        """Return what has arrived, waiting at most ``timeout`` seconds."""
        data = self._serial.read(timeout)
        if not data:
            self._check()
        return data

    def close(self) -> None:
        """Close the port and end the simulation."""
        self._serial.close()
        self._board.close()

    def _check(self) -> None:
        if self._board.ended:
            raise DeviceError("the simulation has ended")


def line_of(build: Path) -> Line:
    """Read ``project/line.json`` of a build.

    Raises
    ------
    BuildError
        If it is not there or damaged.
    """
    path = build / "project" / "line.json"
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
        return Line(*(int(figures[name]) for name in ("oscillator_hz", "clock_hz", "baud")))
    except OSError as error:
        raise BuildError(
            f"build {build} must hold project/line.json for sim:pins, and does not; compile it for "
            "a board with a serial line, or use sim:"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(
            f"{path} must hold oscillator_hz, clock_hz and baud, and is damaged: {error}; "
            "compile the build again"
        ) from error


def executable_of(build: Path) -> Path:
    """Return the Verilated top level of a build; compile it where that was not done yet.

    It is kept in ``results/sim_pins`` of the build. PLLs are bypassed: the executable makes the
    clock that they would make.

    Raises
    ------
    BuildError
        If the build has no shell or no top level.
    ToolError
        See ``verilate``.
    """
    top = build / "project" / f"{TOP}.v"
    if not top.exists():
        raise BuildError(f"build {build} must hold project/{TOP}.v, and does not; compile it again")
    sources = [PRIMITIVES, top, *sources_of(build)]
    main = render("pins.cpp.jinja", top=TOP, idle_edges=IDLE_EDGES)
    return verilate_once(TOP, sources, main, build / "results" / "sim_pins")


def open_pins(build: Path, program: Program) -> PacketDevice:
    """Open ``sim:pins``.

    Raises
    ------
    BuildError, ToolError
        See ``PinsBoard``.
    DeviceError
        See ``PacketDevice``.
    """
    board = PinsBoard(build)
    try:
        transport = PinsTransport(board, line_of(build).baud)
    except BaseException:
        board.close()
        raise
    return PacketDevice(program, transport, timeout=TIMEOUT, patience=PATIENCE)
