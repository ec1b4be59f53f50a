"""What ``tcp:`` and its server say to each other: messages and the proof of the token.

A message is its kind (1 byte), the length of its content (4 bytes, little endian) and the content.
A connection begins with the proof: the server sends ``MAGIC``, the version and a random number; the
client answers with a random number of its own and an HMAC of both; the server answers with another
HMAC of both. The token itself never travels. What follows is neither encrypted nor signed: over a
network that others use, go through a tunnel.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum

from ..errors import DeviceError

MAGIC = b"sangi"
VERSION = 2
NONCE_BYTES = 32
MAX_CONTENT = 1 << 28
"""Longer messages are refused before anything is allocated for them."""

_HEAD = struct.Struct("<BI")


class Kind(IntEnum):
    """What a message is; the first three are the server's, then the client's."""

    HELLO = 1
    RESULT = 2
    DONE = 3
    PROOF = 4
    RUN = 5
    FRAME = 6
    END = 7
    COUNTERS = 8
    ERROR = 9


@dataclass(frozen=True)
class Message:
    """One message."""

    kind: Kind
    content: bytes = b""


class Wire:
    """Messages over a connected socket.

    Parameters
    ----------
    connection : socket
        Closed by ``close``.
    limit : int
        Longest content that is accepted, in bytes.
    """

    def __init__(self, connection: socket.socket, limit: int = MAX_CONTENT) -> None:
        self._socket = connection
        self.limit = limit

    def send(self, kind: Kind, content: bytes = b"") -> None:
        """Send a message.

        Raises
        ------
        DeviceError
            If the connection is gone.
        """
        try:
            self._socket.sendall(_HEAD.pack(kind, len(content)) + content)
        except OSError as error:
            raise DeviceError(f"the connection must stay, but is gone: {error}") from error

    def receive(self) -> Message:
        """Return the next message.

        Raises
        ------
        DeviceError
            If the connection is gone, silent for too long, or what comes is no message.
        """
        kind, length = _HEAD.unpack(self._exactly(_HEAD.size))
        if kind not in _KINDS or length > self.limit:
            raise DeviceError(
                f"a message must have a known kind and at most {self.limit} bytes, not kind "
                f"{kind} and {length} bytes; is it a server of sangi?"
            )
        return Message(Kind(kind), self._exactly(length))

    def expect(self, kind: Kind) -> bytes:
        """Return the content of the next message, which must be of a kind.

        Raises
        ------
        DeviceError
            See ``receive``; also if it is of another kind, with the text of an error.
        """
        message = self.receive()
        if message.kind is Kind.ERROR:
            raise DeviceError(f"the server reports: {message.content.decode(errors='replace')}")
        if message.kind is not kind:
            raise DeviceError(f"the next message must be {kind.name}, not {message.kind.name}")
        return message.content

    def set_timeout(self, seconds: float | None) -> None:
        """Set how long the other side may be silent; None: for ever."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """End the connection, also for a thread that waits for a message."""
        with contextlib.suppress(OSError):  # it may be gone already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                piece = self._socket.recv(min(size - len(data), 1 << 20))
            except TimeoutError as error:
                seconds = self._socket.gettimeout()
                raise DeviceError(
                    f"the other side must answer within {seconds:g} s, and did not"
                ) from error
            except OSError as error:
                raise DeviceError(f"the connection must stay, but is gone: {error}") from error
            if not piece:
                raise DeviceError("the connection must stay, but the other side has closed it")
            data += piece
        return bytes(data)


def prove(wire: Wire, token: str) -> None:
    """As a client: prove to know the token, and see that the server does.

    Raises
    ------
    DeviceError
        If the other side is no server of this version, or the tokens differ.
    """
    hello = wire.expect(Kind.HELLO)
    if not hello.startswith(MAGIC) or len(hello) != len(MAGIC) + 1 + NONCE_BYTES:
        raise DeviceError("the other side must be a server of sangi, and is not")
    if hello[len(MAGIC)] != VERSION:
        raise DeviceError(f"the server must have version {VERSION}, not {hello[len(MAGIC)]}")
    theirs, own = hello[len(MAGIC) + 1 :], secrets.token_bytes(NONCE_BYTES)
    wire.send(Kind.PROOF, own + _proof(token, b"client", theirs, own))
    if not hmac.compare_digest(wire.expect(Kind.PROOF), _proof(token, b"server", theirs, own)):
        raise DeviceError("the server must know the token, and does not")


def verify(wire: Wire, token: str) -> bool:
    """As a server: whether the client knows the token; prove it in turn if so.

    Raises
    ------
    DeviceError
        If what comes is no proof.
    """
    own = secrets.token_bytes(NONCE_BYTES)
    wire.send(Kind.HELLO, MAGIC + bytes([VERSION]) + own)
    answer = wire.expect(Kind.PROOF)
    theirs, proof = answer[:NONCE_BYTES], answer[NONCE_BYTES:]
    if not hmac.compare_digest(proof, _proof(token, b"client", own, theirs)):
        wire.send(Kind.ERROR, b"the token must be the server's, and is not")
        return False
    wire.send(Kind.PROOF, _proof(token, b"server", own, theirs))
    return True


def _proof(token: str, side: bytes, servers: bytes, clients: bytes) -> bytes:
    return hmac.new(token.encode(), side + servers + clients, hashlib.sha256).digest()


_KINDS = frozenset(int(kind) for kind in Kind)
