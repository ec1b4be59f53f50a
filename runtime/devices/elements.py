"""Frames as the bytes that the packets carry."""

from __future__ import annotations

import numpy as np

from ..ops.base import IntArray, TensorType
from ..protocol import element_bytes


def packed_bytes(kind: TensorType) -> int:
    """Return the bytes of one frame."""
    return kind.elements * element_bytes(kind.bits)


def pack(frame: IntArray, kind: TensorType) -> bytes:
    """Return a frame's bytes: elements in order, each little endian in as few bytes as hold it.

    Parameters
    ----------
    frame : integer array of shape ``kind.shape``
        Within the type's range.
    kind : TensorType
    """
    wide = np.ascontiguousarray(frame, dtype="<i8").reshape(-1, 1).view(np.uint8)
    return wide[:, : element_bytes(kind.bits)].tobytes()


def unpack(data: bytes, kind: TensorType) -> IntArray:
    """Return the frame of shape ``kind.shape`` and dtype ``kind.dtype`` that bytes hold."""
    size = element_bytes(kind.bits)
    wide = np.zeros((kind.elements, 8), dtype=np.uint8)
    wide[:, :size] = np.frombuffer(data, dtype=np.uint8).reshape(-1, size)
    if kind.signed:
        wide[:, size:] = np.where(wide[:, size - 1 : size] & 0x80, 0xFF, 0)
    return wide.view("<i8").reshape(kind.shape).astype(kind.dtype)
