"""The AXI shell's registers in a driver's hands, whatever carries the accesses."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import DeviceError
from ..program import Program
from ..registers import CONTROL, IDENT, STATUS, STREAM, VERSION, Register, register
from .axi import Framing, framing_of
from .device import Counters
from .elements import packed_bytes


@dataclass(frozen=True)
class ShellRegisters:
    """What a driver does with the registers.

    Attributes
    ----------
    read : callable
        From a byte offset to the register's 32 bits.
    write : callable
        Takes a byte offset and 32 bits.
    timeout : float
        Seconds within which the core's clock must do what it is asked for.
    """

    read: Callable[[int], int]
    write: Callable[[int, int], None]
    timeout: float = 10.0

    def value(self, name: str) -> int:
        """Return what a register holds; a counter of two registers as one number."""
        entry = register(name)
        low = self.read(entry.offset)
        return low if entry.words == 1 else low | self.read(entry.offset + 4) << 32

    def check(self, program: Program) -> Framing:
        """Return how the streams carry a program's frames, if the circuit is that program's.

        Raises
        ------
        DeviceError
            If there is no AXI shell, or it is of another version, program or size.
        """
        ident, version = self.value("IDENT"), self.value("VERSION")
        if ident != IDENT:
            raise DeviceError(
                f"register IDENT must be 0x{IDENT:08x}, not 0x{ident:08x}: no circuit of sangi is "
                "there; load the bitstream of this build"
            )
        if version != VERSION:
            raise DeviceError(
                f"the circuit's registers must have version {VERSION}, not {version}; use the "
                "driver of the build that the bitstream was made of"
            )
        words = self.value("DIGEST_LOW"), self.value("DIGEST_HIGH")
        digest = b"".join(word.to_bytes(4, "little") for word in words).hex()
        wanted = program.digest[:16]
        if digest != wanted:
            raise DeviceError(
                f"the circuit's program must have the digest {wanted}, not {digest}; "
                "load the bitstream of this build, or open the build of that bitstream"
            )
        stream = self.read(STREAM.offset)
        sizes = (STREAM.field(name).of(stream) for name in ("input", "output"))
        framing = framing_of(program, *sizes)
        expected = packed_bytes(framing.input), packed_bytes(framing.output)
        found = self.value("FRAME_BYTES"), self.value("RESULT_BYTES")
        if found != expected:
            raise DeviceError(
                f"the circuit's frames and results must have {expected[0]} and {expected[1]} "
                f"bytes, not {found[0]} and {found[1]}; compile and load it again"
            )
        return framing

    def hold(self) -> None:
        """Put the core in reset; the shell then takes and forgets every word of its input."""
        self.write(CONTROL.offset, CONTROL.field("reset").mask)

    def release(self) -> None:
        """Let the core go, and wait for it; DeviceError if its clock does not run."""
        self.write(CONTROL.offset, 0)
        self._wait_for(STATUS, "resetting", "leave its reset")

    def counters(self) -> Counters:
        """Return what was counted since the last reset."""
        self._capture()
        names = ("RESULTS", "CYCLES", "STALLS", "SPAN", "BUSY")
        return Counters(*(self.value(name) for name in names))

    def _capture(self) -> None:
        self.write(CONTROL.offset, CONTROL.field("capture").mask)
        self._wait_for(CONTROL, "capture", "copy its counters")

    def _wait_for(self, entry: Register, field: str, what: str) -> None:
        """Wait until a field is 0."""
        until = time.monotonic() + self.timeout
        while entry.field(field).of(self.read(entry.offset)):
            if time.monotonic() > until:
                raise DeviceError(
                    f"the core must {what} within {self.timeout:g} s, and does not: "
                    "its clock does not run"
                )
