"""The device ``pynq:``: the AXI shell in the logic of a Zynq, driven from its processors.

The package pynq loads the bitstream and gives the block design's cells: ``dma`` (AXI DMA, simple
mode: one frame or result a transfer) and ``shell`` (the registers of ``runtime/registers.py``).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BuildError, DeviceError, ToolError
from ..ops.base import IntArray
from ..program import Program
from ..registers import CONTROL, IDENT, STATUS, STREAM, VERSION, register
from .axi import framing_of
from .device import Counters, Frame
from .elements import packed_bytes

BITSTREAM = "system.bit"
PLACES = ("", "project")
"""Where a build or its copy on the board has the bitstream, with the .hwh beside it."""

BUFFERS = 4
"""Buffers in either direction."""

# AXI DMA (PG021), offsets in bytes; the channel to memory has its registers 0x30 further up.
_TO_MEMORY = 0x30
_DMA_CONTROL, _DMA_STATUS, _DMA_LENGTH = 0x00, 0x04, 0x28
_DMA_RESET = 1 << 2
_DMA_IDLE = 1 << 1
_DMA_ERRORS = 0x70

TIMEOUT = 10.0
"""Seconds without any progress after which the circuit counts as stuck."""


class PynqDevice:
    """Runs frames through a loaded overlay; refuses a circuit made for another program.

    Parameters
    ----------
    program : Program
        What the circuit must compute; one input, one output.
    overlay : object
        A ``pynq.Overlay``, freed by ``close``.
    allocate : callable
        ``pynq.allocate``.
    timeout : float
        Seconds.

    Raises
    ------
    DeviceError
        If the overlay is not ours, was made for another program, or does not come out of reset.
    """

    batch = 1

    def __init__(
        self,
        program: Program,
        overlay: Any,
        allocate: Callable[..., Any],
        *,
        timeout: float = TIMEOUT,
    ) -> None:
        self._overlay = overlay
        self._timeout = timeout
        self._buffers: list[Any] = []
        try:
            self._dma, self._shell = _cells(overlay)
            words = self._check(program)
            self._framing = framing_of(program, *words)
            sizes = (self._framing.sent_bytes, self._framing.received_bytes)
            for size in sizes:
                self._buffers += [allocate(shape=(size,), dtype=np.uint8) for _ in range(BUFFERS)]
            self._reset()
        except BaseException:
            self.close()
            raise

    def run(self, frames: Iterable[Frame], ahead: int | None = None) -> Iterator[Frame]:
        """Send frames as they come and yield their results in order.

        While a frame is sent and a result received, the next frame is fetched and prepared.
        """
        if self._sent != self._received:
            self._reset()
        source = (self._framing.encode(array) for (array,) in frames)
        limit = min(BUFFERS, ahead or BUFFERS)
        waiting: deque[bytes] = deque()
        given = self._received
        exhausted = False
        moved = time.monotonic()
        while True:
            while not exhausted and self._sent + len(waiting) - given < limit:
                data = next(source, None)
                exhausted = data is None
                if data is not None:
                    waiting.append(data)
                moved = time.monotonic()
                if waiting and self._idle(0):
                    break  # nothing is fetched while the circuit could work
            if waiting and self._idle(0):
                self._send(waiting.popleft())
                moved = time.monotonic()
            if self._armed and self._idle(_TO_MEMORY):
                result = self._take()
                moved = time.monotonic()
                given += 1
                yield (result,)
            elif exhausted and not waiting and self._sent == self._received:
                return
            elif time.monotonic() - moved > self._timeout:
                raise DeviceError(self._standstill())

    def counters(self) -> Counters:
        """Ask the circuit: results, cycles and stalls since the last reset."""
        self._write("CONTROL", CONTROL.field("capture").mask)
        self._until(lambda: not CONTROL.field("capture").of(self._read("CONTROL")), "capture")
        return Counters(self._read("RESULTS"), self._read("CYCLES"), self._read("STALLS"))

    def close(self) -> None:
        """Give buffers and overlay back."""
        for buffer in self._buffers:
            buffer.freebuffer()
        self._buffers.clear()
        self._overlay.free()

    def _check(self, program: Program) -> tuple[int, int]:
        """Compare the registers with the program; return the bytes of the streams' words."""
        if (ident := self._read("IDENT")) != IDENT:
            raise DeviceError(
                f"the overlay's shell must read {IDENT:#010x} first, not {ident:#010x}; is the "
                "bitstream one of sangi?"
            )
        if (version := self._read("VERSION")) != VERSION:
            raise DeviceError(
                f"the circuit's registers must have version {VERSION}, not {version}; compile "
                "again with this version of sangi"
            )
        wanted = program.digest[:16]
        halves = (self._read(name).to_bytes(4, "little") for name in ("DIGEST_LOW", "DIGEST_HIGH"))
        digest = b"".join(halves).hex()
        if digest != wanted:
            raise DeviceError(
                f"the circuit's program must have the digest {wanted}, not {digest}; load the "
                "bitstream of this build, or open the build of that bitstream"
            )
        stream = self._read("STREAM")
        words = (STREAM.field("input").of(stream), STREAM.field("output").of(stream))
        framing = framing_of(program, *words)
        sizes = (packed_bytes(framing.input), packed_bytes(framing.output))
        made = (self._read("FRAME_BYTES"), self._read("RESULT_BYTES"))
        if made != sizes:
            raise DeviceError(
                f"the circuit's images and results must have {sizes[0]} and {sizes[1]} bytes, "
                f"not {made[0]} and {made[1]}; compile and load it again"
            )
        return words

    def _reset(self) -> None:
        """Drop whatever is under way, in the DMA and in the circuit."""
        self._write("CONTROL", CONTROL.field("reset").mask)
        for channel in (0, _TO_MEMORY):
            self._dma.write(channel + _DMA_CONTROL, _DMA_RESET)
        self._until(lambda: not self._dma.read(_DMA_CONTROL) & _DMA_RESET, "reset of the DMA")
        self._dma.sendchannel.start()
        self._dma.recvchannel.start()
        self._write("CONTROL", 0)
        resetting = STATUS.field("resetting")
        self._until(lambda: not resetting.of(self._read("STATUS")), "reset of the core")
        self._sent = self._received = self._requested = 0
        self._fresh = [True, True]

    def _send(self, data: bytes) -> None:
        buffer = self._buffers[self._sent % BUFFERS]
        buffer[:] = np.frombuffer(data, np.uint8)
        self._dma.sendchannel.transfer(buffer)
        self._fresh[0] = False
        self._sent += 1
        self._request()

    def _request(self) -> None:
        """Let the DMA wait for the next result, if one is due and none is awaited."""
        if self._requested == self._received and self._requested < self._sent:
            self._dma.recvchannel.transfer(self._buffers[BUFFERS + self._requested % BUFFERS])
            self._fresh[1] = False
            self._requested += 1

    @property
    def _armed(self) -> bool:
        return bool(self._requested > self._received)

    def _take(self) -> IntArray:
        self._dma.recvchannel.wait()  # is idle: invalidates the cache
        length = self._dma.read(_TO_MEMORY + _DMA_LENGTH)
        number = self._received
        buffer = self._buffers[BUFFERS + number % BUFFERS]
        self._received += 1
        self._request()
        try:
            return self._framing.decode(bytes(buffer[:length]), number)
        except DeviceError:
            self._sent = self._received + 1  # what is under way is not trusted: reset before use
            raise

    def _idle(self, channel: int) -> bool:
        """Whether a channel has ended its transfer, or never had one since the reset."""
        status = self._dma.read(channel + _DMA_STATUS)
        if status & _DMA_ERRORS:
            name = "to memory" if channel else "from memory"
            raise DeviceError(f"the DMA must move data {name}, but reports status {status:#x}")
        return bool(status & _DMA_IDLE) or self._fresh[channel == _TO_MEMORY]

    def _standstill(self) -> str:
        return (
            f"the circuit must make progress within {self._timeout:g} s, but stands still: sent "
            f"{self._sent} frames, received {self._received} results; it counts "
            f"{self._read('FRAMES')} and {self._read('RESULTS')}, status {self._read('STATUS'):#x}"
        )

    def _until(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + self._timeout
        while not done():
            if time.monotonic() > end:
                raise DeviceError(
                    f"the circuit must end its {what} within {self._timeout:g} s, and did not; "
                    "does its clock run?"
                )

    def _read(self, name: str) -> int:
        entry = register(name)
        words = [self._shell.read(entry.offset + 4 * word) for word in range(entry.words)]
        return sum(int(value) << 32 * place for place, value in enumerate(words))

    def _write(self, name: str, value: int) -> None:
        self._shell.write(register(name).offset, value)


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
        "on the build's project/, and copy its system.bit and system.hwh"
    )


def open_device(address: str, build: Path, program: Program) -> PynqDevice:
    """Open ``pynq:`` or ``pynq:FILE.bit``, on the board itself: load the bitstream.

    Raises
    ------
    BuildError
        See ``bitstream_of``.
    ToolError
        If pynq is not installed.
    DeviceError
        If the bitstream cannot be loaded, or see ``PynqDevice``.
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
    return PynqDevice(program, overlay, pynq.allocate, timeout=TIMEOUT)
