"""Parameters of the packet shell."""

from __future__ import annotations

from dataclasses import dataclass

from ....runtime.protocol import MAX_FRAME_BYTES, MAX_PAYLOAD, element_bytes, packets_per_frame
from ...beat import Beat


@dataclass(frozen=True)
class PortParams:
    """One stream between shell and core, and the bytes that carry a frame of it.

    Attributes
    ----------
    beat : Beat
        Lanes and bits of the core's port.
    elements : int
        Elements of one frame; a multiple of ``beat.lanes``.
    slots : int
        Packets that the shell buffers: a power of two, 2 … 128.
    """

    beat: Beat
    elements: int
    slots: int

    def __post_init__(self) -> None:
        if self.elements < 1 or self.elements % self.beat.lanes:
            raise ValueError(
                f"elements must be a multiple of the lanes ({self.beat.lanes}), not {self.elements}"
            )
        if self.slots not in (2, 4, 8, 16, 32, 64, 128):
            raise ValueError(f"slots must be a power of two from 2 to 128, not {self.slots}")
        if self.frame_bytes >= MAX_FRAME_BYTES:
            raise ValueError(
                f"a frame must be shorter than {MAX_FRAME_BYTES} bytes, not {self.frame_bytes}"
            )

    @property
    def element_bytes(self) -> int:
        """Bytes of one element, little endian, two's complement if signed."""
        return element_bytes(self.beat.bits)

    @property
    def beat_bytes(self) -> int:
        """Bytes of one beat, lane 0 first."""
        return self.beat.lanes * self.element_bytes

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.elements * self.element_bytes

    @property
    def packets(self) -> int:
        """Packets of one frame."""
        return packets_per_frame(self.frame_bytes)

    @property
    def last_length(self) -> int:
        """Payload bytes of a frame's last packet."""
        return self.frame_bytes - (self.packets - 1) * MAX_PAYLOAD


@dataclass(frozen=True)
class ShellParams:
    """The shell of a core with one input and one output.

    Attributes
    ----------
    source : PortParams
        The core's input; ``slots`` is the host's window.
    sink : PortParams
        The core's output.
    digest : str
        The program's digest in hex, at least 16 digits, of which the first 16 are sent.
    """

    source: PortParams
    sink: PortParams
    digest: str

    def __post_init__(self) -> None:
        if len(self.digest) < 16:
            raise ValueError(f"digest must have at least 16 hex digits, not {len(self.digest)}")

    @property
    def digest_bytes(self) -> bytes:
        """The 8 bytes of the digest that the circuit knows."""
        return bytes.fromhex(self.digest[:16])
