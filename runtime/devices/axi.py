"""Frames and results as the words of the AXI shell's streams, see ``runtime/registers.py``."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DeviceError
from ..ops.base import IntArray, TensorType
from ..program import Program
from ..registers import ABORTED, OVERLONG_FRAME, SHORT_FRAME, Trailer
from .elements import pack, packed_bytes, unpack

_NUMBERS = 1 << 24
"""A trailer counts frames modulo this."""

_FAULTS = {
    SHORT_FRAME: "the frame ended too early",
    OVERLONG_FRAME: "the frame did not end in time",
    ABORTED: "a reset cut it",
}


@dataclass(frozen=True)
class Framing:
    """How a program's frames and results lie in the streams' words.

    Attributes
    ----------
    input, output : TensorType
        Of a frame and of a result.
    input_word, output_word : int
        Bytes of a word of the streams.
    """

    input: TensorType
    output: TensorType
    input_word: int
    output_word: int

    @property
    def sent_bytes(self) -> int:
        """Bytes of a frame, up to a whole word."""
        return _whole(packed_bytes(self.input), self.input_word)

    @property
    def received_bytes(self) -> int:
        """Bytes of a result, up to a whole word, and of the word with its trailer."""
        return _whole(packed_bytes(self.output), self.output_word) + self.output_word

    def encode(self, frame: IntArray) -> bytes:
        """Return a frame's ``sent_bytes`` bytes."""
        return pack(frame, self.input).ljust(self.sent_bytes, b"\0")

    def decode(self, data: bytes, number: int) -> IntArray:
        """Return the result that belongs to frame ``number`` since the reset.

        Raises
        ------
        DeviceError
            If its length is wrong, it belongs to another frame, or the shell marked it.
        """
        if len(data) != self.received_bytes:
            raise DeviceError(
                f"the result of frame {number} must have {self.received_bytes} bytes, "
                f"not {len(data)}"
            )
        trailer = Trailer.unpack(data[-self.output_word :])
        if trailer.flags:
            reasons = [text for flag, text in _FAULTS.items() if trailer.flags & flag]
            why = " and ".join(reasons) or f"flags {trailer.flags:#x}"
            raise DeviceError(f"the result of frame {number} must be valid, and is not: {why}")
        if trailer.number != number % _NUMBERS:
            raise DeviceError(
                f"the next result must be that of frame {number % _NUMBERS}, not {trailer.number}"
            )
        return unpack(data[: packed_bytes(self.output)], self.output)


def framing_of(program: Program, input_word: int, output_word: int) -> Framing:
    """Return the framing of a program.

    Raises
    ------
    DeviceError
        If the program has several inputs or outputs.
    """
    if len(program.inputs) != 1 or len(program.outputs) != 1:
        raise DeviceError(
            "a program behind the AXI shell must have one input and one output, "
            f"not {len(program.inputs)} and {len(program.outputs)}"
        )
    source, result = program.inputs[0].tensor, program.outputs[0].tensor
    return Framing(program.types[source], program.types[result], input_word, output_word)


def _whole(size: int, word: int) -> int:
    return -(-size // word) * word
