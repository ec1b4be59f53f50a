"""A circuit behind the AXI shell, whatever carries its frames and registers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from ..errors import DeviceError
from ..ops.base import IntArray
from ..program import Program
from .axi_registers import ShellRegisters
from .device import Counters, Frame


class AxiLink(Protocol):
    """What carries frames to the shell and results back, and reaches its registers."""

    @property
    def slots(self) -> int:
        """Frames that may be under way."""

    def read(self, offset: int) -> int:
        """Return the 32 bits of a register."""

    def write(self, offset: int, value: int) -> None:
        """Set the 32 bits of a register."""

    def send(self, frame: bytes) -> None:
        """Begin to send a frame, with TLAST at its end."""

    def receive(self, timeout: float) -> bytes | None:
        """Return the bytes of the next result up to its TLAST; None after ``timeout`` seconds."""

    def restart(self) -> None:
        """Forget what is under way; called while the shell is held in reset."""

    def close(self) -> None:
        """Release what the link holds."""


class AxiDevice:
    """Runs frames through the shell; refuses a circuit made for another program.

    A result is given only if it is as long as it must be, and its trailer carries the number of its
    frame and no flag.

    Parameters
    ----------
    program : Program
        What the circuit must compute; one input, one output.
    link : AxiLink
        Closed by ``close``, and if opening fails.
    timeout : float
        Seconds within which a result must come, and a reset must be done.

    Raises
    ------
    DeviceError
        If the program has several inputs or outputs, or the circuit is not the shell of this
        program.
    """

    def __init__(self, program: Program, link: AxiLink, *, timeout: float = 60.0) -> None:
        self._link = link
        self._timeout = timeout
        self._sent = self._received = 0
        self._registers = ShellRegisters(link.read, link.write, timeout)
        try:
            self._framing = self._registers.check(program)
            self._reset()
        except BaseException:
            link.close()
            raise

    def run(self, frames: Iterable[Frame], ahead: int | None = None) -> Iterator[Frame]:
        """Send frames as they come and yield their results in order."""
        limit = min(self._link.slots, ahead or self._link.slots)
        # What an earlier run left behind must not be taken for results of this one.
        if self._sent != self._received:
            self._reset()
        for (array,) in frames:
            self._link.send(self._framing.encode(array))
            self._sent += 1
            if self._sent - self._received == limit:
                yield (self._result(),)
        while self._received < self._sent:
            yield (self._result(),)

    def counters(self) -> Counters:
        """Ask the circuit; counted since the last reset."""
        return self._registers.counters()

    def close(self) -> None:
        """Close the link."""
        self._link.close()

    def _reset(self) -> None:
        """Let the circuit and the link forget every frame."""
        self._registers.hold()
        self._link.restart()
        self._registers.release()
        self._sent = self._received = 0

    def _result(self) -> IntArray:
        """Take the next result; DeviceError if it is not that of the next frame."""
        data = self._link.receive(self._timeout)
        if data is None:
            taken, answered = (self._registers.value(name) for name in ("FRAMES", "RESULTS"))
            raise DeviceError(
                f"the result of frame {self._received} must come within {self._timeout:g} s, and "
                f"has not; {self._sent} frames were sent, the circuit has taken {taken} and "
                f"answered {answered}"
            )
        result = self._framing.decode(data, self._received)
        self._received += 1
        return result
