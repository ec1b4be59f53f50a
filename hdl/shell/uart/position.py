"""Positions in the streams of images and of results, as the shell counts them."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Mux, Value
from amaranth.lib import data

from .params import PortParams

HEADER = data.StructLayout({"kind": 8, "length": 8, "session": 16, "image": 32, "offset": 24})
"""The header of a packet, 88 bits in the order of ``runtime/protocol.py``."""

_CHUNK_SHIFT = 6  # packets begin at multiples of 64 bytes


def position_layout(port: PortParams) -> data.StructLayout:
    """Return the layout of a position: the image's number and the packet's within the image."""
    return data.StructLayout({"chunk": _chunk_bits(port), "image": 32})


def is_last(port: PortParams, position: Any) -> Value:
    """Whether the packet at ``position`` is the last of its frame."""
    return position.chunk == port.packets - 1


def length_at(port: PortParams, position: Any) -> Value:
    """Payload bytes (7 bits) of the packet at ``position``."""
    return Mux(is_last(port, position), Const(port.last_length, 7), Const(64, 7))


def following(port: PortParams, position: Any) -> Value:
    """Return the position of the packet after the one at ``position``, as bits."""
    last = is_last(port, position)
    chunk = Mux(last, 0, position.chunk + 1)[: len(position.chunk)]
    return Cat(chunk, (position.image + last)[:32])


def offset_of(position: Any) -> Value:
    """The byte offset (24 bits) of a position within its frame."""
    zeros = Const(0, _CHUNK_SHIFT)
    return Cat(zeros, position.chunk, Const(0, 24 - _CHUNK_SHIFT - len(position.chunk)))


def chunk_of(port: PortParams, offset: Value) -> Value:
    """The packet number of a byte offset that is a multiple of 64."""
    return offset[_CHUNK_SHIFT : _CHUNK_SHIFT + _chunk_bits(port)]


def _chunk_bits(port: PortParams) -> int:
    return max(1, (port.packets - 1).bit_length())
