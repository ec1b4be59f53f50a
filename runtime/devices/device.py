"""What every device offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ..ops.base import IntArray

Frame = tuple[IntArray, ...]
"""One frame: an integer array of shape ``type.shape`` per input, or per output, of a program."""


@dataclass(frozen=True)
class Counters:
    """What a device has counted since its session began.

    Attributes
    ----------
    frames : int
        Results completed.
    cycles : int
        Clock cycles (0 where nothing is clocked).
    stalls : int
        Cycles in which a result waited for the link.
    span : int
        Cycles from the first input of the first frame to the end of the last result (0 where the
        circuit does not count them: only the AXI shell does).
    busy : int
        Those of ``span`` in which a frame was in the circuit.
    """

    frames: int
    cycles: int
    stalls: int
    span: int = 0
    busy: int = 0


class Device(Protocol):
    """Executes a program on raw codes."""

    def run(self, frames: Iterable[Frame], ahead: int | None = None) -> Iterator[Frame]:
        """Take frames as they come and yield one result for each, in order.

        Parameters
        ----------
        frames : iterable of Frame
        ahead : int, optional
            Frames taken at most whose results have not been yielded; by default as many as suit
            the device.

        Raises
        ------
        DeviceError
            If the device fails or does not answer.
        """

    def counters(self) -> Counters:
        """Ask for the counters."""

    def close(self) -> None:
        """Release the device."""


@runtime_checkable
class BatchDevice(Device, Protocol):
    """Executes many frames at once, sooner than one after the other."""

    @property
    def batch(self) -> int:
        """Frames executed together at best."""

    def execute(self, frames: Frame) -> Frame:
        """Take and return frames that lie in arrays ``(N, *type.shape)``; see ``run``."""
