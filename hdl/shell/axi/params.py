"""Parameters of the AXI shell."""

from __future__ import annotations

from dataclasses import dataclass

from ....runtime.protocol import element_bytes
from ....runtime.registers import TRAILER_BYTES
from ...beat import Beat

WORD_BYTES = (4, 8, 16)
"""Bytes of a stream word: what a DMA engine on these chips moves at once."""


@dataclass(frozen=True)
class AxiPortParams:
    """One stream between shell and core, and the words that carry a frame of it.

    Attributes
    ----------
    beat : Beat
        Lanes and bits of the core's port.
    elements : int
        Elements of one frame; a multiple of ``beat.lanes``.
    word_bytes : int
        Bytes of a word of the AXI stream, one of ``WORD_BYTES``.
    """

    beat: Beat
    elements: int
    word_bytes: int

    def __post_init__(self) -> None:
        if self.elements < 1 or self.elements % self.beat.lanes:
            raise ValueError(
                f"elements must be a multiple of the lanes ({self.beat.lanes}), not {self.elements}"
            )
        if self.word_bytes not in WORD_BYTES:
            raise ValueError(f"word_bytes must be one of {WORD_BYTES}, not {self.word_bytes}")
        if self.frame_bytes >= 1 << 32:
            raise ValueError(f"a frame must be shorter than 4 GiB, not {self.frame_bytes} bytes")

    @property
    def element_bytes(self) -> int:
        """Bytes of one element, little endian, two's complement if signed."""
        return element_bytes(self.beat.bits)

    @property
    def beat_bytes(self) -> int:
        """Bytes of one beat, lane 0 first."""
        return self.beat.lanes * self.element_bytes

    @property
    def beats(self) -> int:
        """Beats of one frame."""
        return self.elements // self.beat.lanes

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.elements * self.element_bytes

    @property
    def words(self) -> int:
        """Words of one frame, the last perhaps filled up; a result's trailer is not counted."""
        return -(-self.frame_bytes // self.word_bytes)

    @property
    def last_bytes(self) -> int:
        """Bytes of the frame in its last word."""
        return self.frame_bytes - (self.words - 1) * self.word_bytes


@dataclass(frozen=True)
class AxiParams:
    """The shell of a core with one input and one output.

    Attributes
    ----------
    source : AxiPortParams
        The core's input.
    sink : AxiPortParams
        The core's output.
    digest : str
        The program's digest in hex, at least 16 digits, of which the first 16 can be read.
    """

    source: AxiPortParams
    sink: AxiPortParams
    digest: str

    def __post_init__(self) -> None:
        if len(self.digest) < 16:
            raise ValueError(f"digest must have at least 16 hex digits, not {len(self.digest)}")

    @property
    def digest_bytes(self) -> bytes:
        """The 8 bytes of the digest that the circuit knows."""
        return bytes.fromhex(self.digest[:16])


def word_bytes_for(beat_bytes: int, most: int = 8) -> int:
    """Return the narrowest word that carries a beat per transfer, at most ``most`` bytes.

    Parameters
    ----------
    beat_bytes : int
        ``AxiPortParams.beat_bytes``.
    most : int
        The memory port behind the DMA engine: 8 bytes on Zynq, 16 on Zynq UltraScale+.
    """
    fitting = [size for size in WORD_BYTES if size >= max(beat_bytes, TRAILER_BYTES)]
    return min([*fitting, most])
