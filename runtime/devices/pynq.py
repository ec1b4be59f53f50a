"""The device ``pynq:``: the AXI shell in the logic of a Zynq, driven from its processors.

The package pynq loads the bitstream and gives the block design's cells: ``dma`` (AXI DMA, simple
mode: one frame or result a transfer) and ``shell`` (the registers of ``runtime/registers.py``).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BuildError, DeviceError, ToolError
from ..program import Program
from ..registers import STREAM, register
from .axi_device import AxiDevice

BITSTREAM = "system.bit"
PLACES = ("", "project")
"""Where a build or its copy on the board has the bitstream, with the .hwh beside it."""

SLOTS = 4
"""Frames under way: one being sent, one in the circuit, one being received, one in reserve."""

# AXI DMA (PG021), offsets in bytes; the channel to memory has its registers 0x30 further up.
_TO_MEMORY = 0x30
_DMA_CONTROL, _DMA_STATUS, _DMA_LENGTH = 0x00, 0x04, 0x28
_DMA_RESET = 1 << 2
_DMA_IDLE = 1 << 1
_DMA_ERRORS = 0x70

TIMEOUT = 10.0
"""Seconds without any progress after which the circuit counts as stuck."""


class PynqLink:
    """Carries frames and results by a loaded overlay's DMA.

    Transfers begin when ``send`` or ``receive`` finds their channel idle.

    Parameters
    ----------
    overlay : object
        A ``pynq.Overlay``, freed by ``close``.
    allocate : callable
        ``pynq.allocate``.
    timeout : float
        Seconds within which the DMA must leave its reset.

    Raises
    ------
    DeviceError
        If the overlay has not the cells of a build.
    """

    slots = SLOTS

    def __init__(
        self, overlay: Any, allocate: Callable[..., Any], timeout: float = TIMEOUT
    ) -> None:
        self._overlay = overlay
        self._allocate = allocate
        self._timeout = timeout
        self._waiting: deque[bytes] = deque()
        self._buffers: dict[int, list[Any]] = {}
        self._moving: dict[int, Any] = {}
        self._sent = self._requested = 0
        try:
            self._dma, self._shell = _cells(overlay)
            self._result_bytes = self._whole_result()
        except BaseException:
            overlay.free()
            raise

    def read(self, offset: int) -> int:
        """Return the 32 bits of a register."""
        return int(self._shell.read(offset))

    def write(self, offset: int, value: int) -> None:
        """Set the 32 bits of a register."""
        self._shell.write(offset, value)

    def send(self, frame: bytes) -> None:
        """Begin to send a frame, or do so as soon as the one before has been."""
        self._waiting.append(frame)
        self._move()

    def receive(self, timeout: float) -> bytes | None:
        """Return the next result; None after ``timeout`` seconds.

        Raises
        ------
        DeviceError
            If the DMA reports an error.
        """
        end = time.monotonic() + timeout
        while not (_TO_MEMORY in self._moving and self._idle(_TO_MEMORY)):
            if time.monotonic() > end:
                return None
            self._move()
        self._dma.recvchannel.wait()  # it has ended: this invalidates the cache
        length = self._dma.read(_TO_MEMORY + _DMA_LENGTH)
        result = bytes(self._moving.pop(_TO_MEMORY)[:length])
        self._move()
        return result

    def restart(self) -> None:
        """Reset the DMA, which drops what is under way; DeviceError if it stays in reset."""
        for channel in (0, _TO_MEMORY):
            self._dma.write(channel + _DMA_CONTROL, _DMA_RESET)
        end = time.monotonic() + self._timeout
        while self._dma.read(_DMA_CONTROL) & _DMA_RESET:
            if time.monotonic() > end:
                raise DeviceError(
                    f"the DMA must leave its reset within {self._timeout:g} s, and does not"
                )
        self._dma.sendchannel.start()
        self._dma.recvchannel.start()
        self._waiting.clear()
        self._moving.clear()
        self._sent = self._requested = 0

    def close(self) -> None:
        """Give buffers and overlay back."""
        for buffers in self._buffers.values():
            for buffer in buffers:
                buffer.freebuffer()
        self._buffers.clear()
        self._overlay.free()

    def _move(self) -> None:
        """Begin whatever transfers can begin."""
        if 0 in self._moving and self._idle(0):
            del self._moving[0]
        if self._waiting and 0 not in self._moving:
            data = self._waiting.popleft()
            buffer = self._buffer(0, len(data), self._sent)
            buffer[:] = np.frombuffer(data, np.uint8)
            self._dma.sendchannel.transfer(buffer)
            self._moving[0] = buffer
            self._sent += 1
        if self._requested < self._sent and _TO_MEMORY not in self._moving:
            buffer = self._buffer(_TO_MEMORY, self._result_bytes, self._requested)
            self._dma.recvchannel.transfer(buffer)
            self._moving[_TO_MEMORY] = buffer
            self._requested += 1

    def _buffer(self, channel: int, size: int, number: int) -> Any:
        """Return one of a channel's buffers, by turns; they are made when they are needed."""
        if channel not in self._buffers:
            made = [self._allocate(shape=(size,), dtype=np.uint8) for _ in range(2)]
            self._buffers[channel] = made
        return self._buffers[channel][number % 2]

    def _idle(self, channel: int) -> bool:
        """Whether a channel has ended its transfer."""
        status = self._dma.read(channel + _DMA_STATUS)
        if status & _DMA_ERRORS:
            name = "to memory" if channel else "from memory"
            raise DeviceError(f"the DMA must move data {name}, but reports status {status:#x}")
        return bool(status & _DMA_IDLE)

    def _whole_result(self) -> int:
        """Bytes of a result as the shell sends it: whole words, and one with the trailer."""
        word = max(1, STREAM.field("output").of(self.read(STREAM.offset)))
        size = self.read(register("RESULT_BYTES").offset)
        return -(-size // word) * word + word


def _cells(overlay: Any) -> tuple[Any, Any]:
    try:
        return overlay.dma, overlay.shell
    except AttributeError as error:
        raise DeviceError(
            f"the overlay must hold the cells dma and shell, as sangi makes it: {error}"
        ) from error


def bitstream_of(address: str, build: Path) -> Path:
    """Return the bitstream that ``pynq:ADDRESS`` means: a path, or the build's own.

    Raises
    ------
    BuildError
        If it is not there, or its .hwh is not beside it.
    """
    own = [build / place / BITSTREAM for place in PLACES]
    candidates = [Path(address)] if address else own
    for path in candidates:
        if path.is_file():
            if not path.with_suffix(".hwh").is_file():
                raise BuildError(f"{path} must have {path.stem}.hwh beside it, and has not")
            return path
    raise BuildError(
        f"the bitstream must be {' or '.join(map(str, candidates))}, and is not there; run Vivado "
        "on the build's project/, which leaves system.bit and system.hwh in its driver/ too"
    )


def open_device(address: str, build: Path, program: Program) -> AxiDevice:
    """Open ``pynq:`` or ``pynq:FILE.bit``, on the board itself: load the bitstream.

    Raises
    ------
    BuildError
        See ``bitstream_of``.
    ToolError
        If pynq is not installed.
    DeviceError
        If the bitstream cannot be loaded, or see ``PynqLink`` and ``AxiDevice``.
    """
    bitstream = bitstream_of(address, build)
    try:
        pynq: Any = import_module("pynq")
    except ImportError as error:
        raise ToolError(
            "pynq: needs the package pynq, which is part of a PYNQ board's image; from a PC, start "
            "`python3 -m sangi.runtime.server` on the board and open tcp:"
        ) from error
    try:
        overlay = pynq.Overlay(str(bitstream))
    except (OSError, RuntimeError, ValueError) as error:
        raise DeviceError(f"the bitstream {bitstream} cannot be loaded: {error}") from error
    link = PynqLink(overlay, pynq.allocate, TIMEOUT)
    return AxiDevice(program, link, timeout=TIMEOUT)
