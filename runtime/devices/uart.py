"""The device ``uart:``: a board on a serial line."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from ..errors import DeviceError, ToolError
from ..program import Program
from .packet_device import PacketDevice

DEFAULT_BAUD = 3_000_000


class SerialTransport:
    """Bytes over a serial port.

    Parameters
    ----------
    port : object
        An open ``serial.Serial``.
    """

    def __init__(self, port: Any) -> None:
        self._port = port

    def write(self, data: bytes) -> None:
        """Send; DeviceError if the port is gone."""
        try:
            self._port.write(data)
        except OSError as error:  # pyserial's exceptions are OSErrors
            raise DeviceError(f"serial port {self._port.port} failed: {error}") from error

    def read(self, timeout: float) -> bytes:
        """Return what has arrived, waiting for the first byte at most ``timeout`` seconds."""
        try:
            self._port.timeout = timeout
            first: bytes = self._port.read(1)
            waiting: bytes = self._port.read(self._port.in_waiting) if first else b""
        except OSError as error:
            raise DeviceError(f"serial port {self._port.port} failed: {error}") from error
        return first + waiting

    def close(self) -> None:
        """Close the port."""
        self._port.close()


def parse_address(address: str) -> tuple[str, int]:
    """Split ``/dev/ttyUSB0?baud=1000000`` into port and baud rate.

    Raises
    ------
    DeviceError
        If the port is missing, an option is unknown, or the rate is no number above 0.
    """
    port, _, query = address.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    baud = options.pop("baud", str(DEFAULT_BAUD))
    if not port:
        raise DeviceError("device uart: must name a port, for example uart:/dev/ttyUSB0")
    if options:
        raise DeviceError(f"device uart: knows the option baud, not {', '.join(sorted(options))}")
    if not baud.isdecimal() or int(baud) == 0:
        raise DeviceError(f"baud must be a number above 0, not {baud!r}")
    return port, int(baud)


def open_port(name: str, baud: int) -> Any:
    """Open a serial port and forget what it has received before; return the ``serial.Serial``.

    Raises
    ------
    ToolError
        If pyserial is not installed.
    DeviceError
        If the port cannot be opened.
    """
    try:
        import serial
    except ImportError as error:
        raise ToolError(
            "a serial port needs pyserial; install it with: pip install pyserial"
        ) from error
    try:
        port = serial.Serial(name, baud, timeout=0)
        port.reset_input_buffer()
        _hurry(port)
    except (OSError, ValueError) as error:
        raise DeviceError(f"serial port {name} cannot be opened: {error}") from error
    return port


def _hurry(port: Any) -> None:
    """Ask the driver of a USB bridge not to collect bytes for 16 ms, where it can be asked.

    pyserial asks on Linux only, from 3.5 on; a port that is no USB bridge says no.
    """
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError, ValueError):
            port.set_low_latency_mode(True)


def open_device(address: str, build: Path, program: Program) -> PacketDevice:
    """Open ``uart:PORT?baud=RATE``.

    Raises
    ------
    ToolError
        If pyserial is not installed.
    DeviceError
        If the port cannot be opened, or see ``PacketDevice``.
    """
    name, baud = parse_address(address)
    return PacketDevice(program, SerialTransport(open_port(name, baud)))
