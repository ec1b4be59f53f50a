"""Streams of a circuit as a simulation sees them: beats in bytes, tensors as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..hdl.beat import Beat

Bytes = npt.NDArray[np.uint8]
Values = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Probe:
    """One stream of a core, with what it carries.

    Attributes
    ----------
    stream : str
        ``s00`` …: its signals in the core are ``s00_valid``, ``s00_ready``, ``s00_payload``.
    tensor : str
        The program's tensor.
    node : str
        The ONNX node that makes the tensor, or the ONNX input.
    unit : str
        The unit that gives the beats; ``outside`` for the circuit's inputs.
    beat : Beat
        Lanes and bits of one transfer.
    beats : int
        Transfers of one frame.
    shape : tuple of int
        One frame of the tensor, channels last.
    """

    stream: str
    tensor: str
    node: str
    unit: str
    beat: Beat
    beats: int
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Bytes of one transfer in a file: the payload, little endian, filled up with zeros."""
        return -(-self.beat.width // 8)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values, as the testbench's manifest keeps them."""
        return {
            "stream": self.stream,
            "tensor": self.tensor,
            "node": self.node,
            "unit": self.unit,
            "lanes": self.beat.lanes,
            "bits": self.beat.bits,
            "signed": self.beat.signed,
            "beats": self.beats,
            "shape": list(self.shape),
        }

    @staticmethod
    def from_json(entry: Mapping[str, Any]) -> Probe:
        """Return the probe that ``to_json`` described."""
        return Probe(
            stream=entry["stream"],
            tensor=entry["tensor"],
            node=entry["node"],
            unit=entry["unit"],
            beat=Beat(entry["lanes"], entry["bits"], entry["signed"]),
            beats=entry["beats"],
            shape=tuple(entry["shape"]),
        )


def pack(values: npt.NDArray[np.integer[Any]], beat: Beat) -> Bytes:
    """Lay elements out as transfers.

    Parameters
    ----------
    values : integer array of any shape
        Elements in the order of the stream; their number is a multiple of ``beat.lanes`` and each
        fits ``beat.bits``.

    Returns
    -------
    uint8 (beats, ceil(beat.width / 8))
    """
    lanes = values.astype(np.int64).reshape(-1, beat.lanes, 1)
    bits = (lanes >> np.arange(beat.bits)) & 1
    flat = bits.astype(np.uint8).reshape(len(bits), beat.width)
    return np.packbits(flat, axis=1, bitorder="little")


def unpack(beats: Bytes, beat: Beat) -> Values:
    """Return the elements of transfers: the inverse of ``pack``.

    Parameters
    ----------
    beats : uint8 (n, ceil(beat.width / 8))

    Returns
    -------
    int64 (n * beat.lanes,)
    """
    flat = np.unpackbits(beats, axis=1, count=beat.width, bitorder="little")
    bits = flat.reshape(-1, beat.bits).astype(np.int64)
    weights = np.int64(1) << np.arange(beat.bits, dtype=np.int64)
    if beat.signed:
        weights[-1] = -weights[-1]
    return bits @ weights
