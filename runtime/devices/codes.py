"""A program's frames as bytes: every input, or every output, one after the other."""

from __future__ import annotations

from ..errors import DeviceError
from ..ops.base import TensorType
from ..program import Program
from .device import Frame
from .elements import pack, packed_bytes, unpack


class FrameCodec:
    """Packs and unpacks the frames of a program.

    Parameters
    ----------
    program : Program
    """

    def __init__(self, program: Program) -> None:
        self._inputs = [program.types[entry.tensor] for entry in program.inputs]
        self._outputs = [program.types[entry.tensor] for entry in program.outputs]

    @property
    def input_bytes(self) -> int:
        """Of one frame."""
        return sum(map(packed_bytes, self._inputs))

    def encode_input(self, frame: Frame) -> bytes:
        """Return a frame's bytes."""
        return _join(frame, self._inputs)

    def decode_input(self, data: bytes) -> Frame:
        """Return the frame that bytes hold; DeviceError if it is none of the program."""
        return _split(data, self._inputs, "a frame")

    def encode_output(self, frame: Frame) -> bytes:
        """Return a result's bytes."""
        return _join(frame, self._outputs)

    def decode_output(self, data: bytes) -> Frame:
        """Return the result that bytes hold; DeviceError if its length is wrong."""
        return _split(data, self._outputs, "a result")


def _join(frame: Frame, kinds: list[TensorType]) -> bytes:
    return b"".join(pack(array, kind) for array, kind in zip(frame, kinds, strict=True))


def _split(data: bytes, kinds: list[TensorType], what: str) -> Frame:
    whole = sum(map(packed_bytes, kinds))
    if len(data) != whole:
        raise DeviceError(f"{what} must have {whole} bytes, not {len(data)}")
    arrays = []
    place = 0
    for kind in kinds:
        end = place + packed_bytes(kind)
        array = unpack(data[place:end], kind)
        if array.size and (array.min() < kind.low or array.max() > kind.high):
            raise DeviceError(
                f"{what} must lie in {kind.low}…{kind.high}, not {array.min()}…{array.max()}"
            )
        arrays.append(array)
        place = end
    return tuple(arrays)
