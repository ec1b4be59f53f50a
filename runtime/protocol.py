"""The packets between host and circuit: one definition for the drivers and for ``hdl/shell/uart``.

A packet is

====== ======= ========================================================================
offset bytes   meaning
====== ======= ========================================================================
0      1       sync, 0xA5
1      1       type
2      1       length L of the payload, 0 … 64
3      2       session, 1 … 65535 (0: none is open)
5      4       image number within the session, from 0
9      3       offset of the payload in the image's or the result's bytes
12     L       payload
12 + L 4       CRC-32 (ISO-HDLC, as in zlib) of everything between sync and CRC
====== ======= ========================================================================

all little endian. *Image number and offset* are a position in a byte stream of images (host to
circuit) or of results (circuit to host). Both streams are cut alike: packets begin at multiples of
64 in each image or result, and all but its last are 64 bytes long.

====== ============== ==========================================================================
type   direction      meaning
====== ============== ==========================================================================
HELLO  to the circuit opens ``session``: core, buffers and counters are reset. If it is open
                      already, nothing is reset. Answered by INFO.
INFO   to the host    payload: ``Info``; the position is that of the circuit's ACK.
DATA   to the circuit bytes of an image. Only the packet at the expected position, with a right
                      CRC, of the open session, is accepted; others are answered by ACK.
ACK    both           cumulative: everything before this position has been taken, from the host by
                      the core, from the circuit by the host. The host sends at most
                      ``Info.window`` packets beyond it, and therefore never overruns the circuit.
                      Where packets with bytes wait for the line, one ACK does for several of them.
RESULT to the host    bytes of a result, kept by the circuit until the host acknowledges them; it
                      waits with further ones while it keeps ``Info.kept``.
RESEND to the circuit an ACK that also asks for all results again that the circuit still keeps.
====== ============== ==========================================================================

All timers are the host's: it repeats what was not acknowledged, and asks by RESEND for what it
misses. So a packet that is lost, damaged, repeated or out of order delays results and never
changes one. The circuit's receiver skips bytes until a sync; a sync within garbage can swallow
what follows, at most ``FLUSH`` bytes, so the host sends that many zeros before it opens a session
or repeats.

Pure Python: the circuit's description imports this file too.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

VERSION = 1
"""Of this protocol; sent in INFO."""

SYNC = 0xA5
MAX_PAYLOAD = 64
HEADER_BYTES = 11
"""Type … offset; the sync byte not counted."""
CRC_BYTES = 4
OVERHEAD = 1 + HEADER_BYTES + CRC_BYTES
"""Bytes of a packet beside its payload."""
FLUSH = bytes(HEADER_BYTES + MAX_PAYLOAD + CRC_BYTES)
"""Zeros that complete whatever a receiver took for a packet."""
MAX_FRAME_BYTES = 1 << 24
"""An image or a result is shorter than this: offsets have three bytes."""
MAX_IMAGES = 1 << 32
"""Images of one session."""

_HEADER = struct.Struct("<BBHI")
_INFO = struct.Struct("<8sBBHIIIIQQ")
INFO_BYTES = _INFO.size


class Kind(IntEnum):
    """The type of a packet."""

    HELLO = 1
    INFO = 2
    DATA = 3
    ACK = 4
    RESULT = 5
    RESEND = 6


@dataclass(frozen=True, order=True)
class Position:
    """A place in the stream of images or of results; ordered as the bytes are."""

    image: int = 0
    offset: int = 0

    def after(self, frame_bytes: int) -> Position:
        """Return the position of the packet that follows the one here."""
        if self.offset + MAX_PAYLOAD < frame_bytes:
            return Position(self.image, self.offset + MAX_PAYLOAD)
        return Position(self.image + 1, 0)


@dataclass(frozen=True)
class Packet:
    """One packet.

    Attributes
    ----------
    kind : Kind
    session : int
        16 bits.
    position : Position
        32 bits of image number, 24 bits of offset.
    payload : bytes
        0 … 64 bytes.
    """

    kind: Kind
    session: int
    position: Position = Position()
    payload: bytes = b""


@dataclass(frozen=True)
class Info:
    """What a circuit says of itself; counters are those of the open session.

    Attributes
    ----------
    digest : bytes
        The first 8 bytes of the program's digest.
    version : int
        Of the protocol.
    window : int
        Packets that may be sent beyond the circuit's ACK.
    frame_bytes, result_bytes : int
        Of one image and one result.
    kept : int
        Result packets that the circuit keeps at most until they are acknowledged.
    frames : int
        Results that the core has completed.
    rejected : int
        Packets received with a wrong CRC.
    cycles, stalls : int
        Clock cycles since the session was opened; those of them in which a result waited for
        the link.
    """

    digest: bytes
    version: int
    window: int
    frame_bytes: int
    result_bytes: int
    kept: int
    frames: int = 0
    rejected: int = 0
    cycles: int = 0
    stalls: int = 0

    def pack(self) -> bytes:
        """Return INFO's payload, ``INFO_BYTES`` long."""
        return _INFO.pack(
            self.digest,
            self.version,
            self.window,
            self.kept,
            self.frame_bytes,
            self.result_bytes,
            self.frames,
            self.rejected,
            self.cycles,
            self.stalls,
        )

    @classmethod
    def unpack(cls, payload: bytes) -> Info:
        """Read INFO's payload.

        Raises
        ------
        ValueError
            If its length is wrong.
        """
        if len(payload) != INFO_BYTES:
            raise ValueError(f"INFO must have {INFO_BYTES} bytes, not {len(payload)}")
        digest, version, window, kept, frame_bytes, result_bytes, *rest = _INFO.unpack(payload)
        return cls(digest, version, window, frame_bytes, result_bytes, kept, *rest)


def element_bytes(bits: int) -> int:
    """Return the bytes that one element of ``bits`` bits takes on the link."""
    return -(-bits // 8)


def packets_per_frame(frame_bytes: int) -> int:
    """Return the packets that carry one image or result."""
    return -(-frame_bytes // MAX_PAYLOAD)


def link_bytes(frame_bytes: int) -> int:
    """Return the bytes on the link, overhead included, that carry one image or result."""
    return frame_bytes + OVERHEAD * packets_per_frame(frame_bytes)


def encode(packet: Packet) -> bytes:
    """Return the packet as it goes over the link.

    Raises
    ------
    ValueError
        If a field exceeds its width.
    """
    if len(packet.payload) > MAX_PAYLOAD:
        raise ValueError(
            f"payload must have at most {MAX_PAYLOAD} bytes, not {len(packet.payload)}"
        )
    if not 0 <= packet.session < 1 << 16:
        raise ValueError(f"session must have 16 bits, not be {packet.session}")
    if not 0 <= packet.position.image < MAX_IMAGES:
        raise ValueError(f"image number must have 32 bits, not be {packet.position.image}")
    if not 0 <= packet.position.offset < MAX_FRAME_BYTES:
        raise ValueError(f"offset must have 24 bits, not be {packet.position.offset}")
    body = (
        _HEADER.pack(packet.kind, len(packet.payload), packet.session, packet.position.image)
        + packet.position.offset.to_bytes(3, "little")
        + packet.payload
    )
    return bytes([SYNC]) + body + zlib.crc32(body).to_bytes(CRC_BYTES, "little")


def cut(kind: Kind, session: int, image: int, frame: bytes) -> Iterator[Packet]:
    """Yield the packets that carry one image or result."""
    for offset in range(0, len(frame), MAX_PAYLOAD):
        payload = frame[offset : offset + MAX_PAYLOAD]
        yield Packet(kind, session, Position(image, offset), payload)


class Decoder:
    """Finds the packets in a byte stream that may hold garbage, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Packet]:
        """Take received bytes and return the packets that they complete, in order."""
        self._pending += data
        packets = []
        while (packet := self._next()) is not None:
            packets.append(packet)
        return packets

    def resume(self) -> list[Packet]:
        """Give up a packet that does not complete; return the packets found within it."""
        del self._pending[:1]
        return self.feed(b"")

    def _next(self) -> Packet | None:
        pending = self._pending
        while True:
            start = pending.find(SYNC)
            del pending[: start if start >= 0 else len(pending)]
            if len(pending) < OVERHEAD:
                return None
            kind, length, session, image = _HEADER.unpack_from(pending, 1)
            if length <= MAX_PAYLOAD and kind in _KINDS:
                end = 1 + HEADER_BYTES + length
                if len(pending) < end + CRC_BYTES:
                    return None
                body = bytes(pending[1:end])
                crc = int.from_bytes(pending[end : end + CRC_BYTES], "little")
                if zlib.crc32(body) == crc:
                    del pending[: end + CRC_BYTES]
                    offset = int.from_bytes(body[8:HEADER_BYTES], "little")
                    position = Position(image, offset)
                    return Packet(Kind(kind), session, position, body[HEADER_BYTES:])
            del pending[:1]


_KINDS = frozenset(int(kind) for kind in Kind)
