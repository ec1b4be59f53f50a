"""The device ``tcp:``: a device of another computer, behind ``python3 -m sangi.runtime.server``."""

from __future__ import annotations

import queue
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from ..errors import DeviceError
from ..program import Program
from .codes import FrameCodec
from .device import Counters, Frame
from .wire import Kind, Message, Wire, prove

PORT = 7420
AHEAD = 64
"""Frames on their way at most, where the caller names no other number."""

CONNECT_SECONDS = 10.0
TIMEOUT = 60.0
"""Seconds that the server may be silent while a result is due."""

COUNTERS = struct.Struct("<QQQQQ")
AHEAD_FIELD = struct.Struct("<I")


class TcpDevice:
    """Sends frames to a server and receives its results.

    The connection is made when it is needed: after an error or an abandoned run a new one is made,
    and the server starts afresh.

    Parameters
    ----------
    program : Program
        What the server's device must compute.
    host : str
    port : int
    token : str
        The server's.
    timeout : float
        Seconds of silence while a result is due.

    Raises
    ------
    DeviceError
        If nobody answers, the token is another, or the server's program is.
    """

    def __init__(
        self, program: Program, host: str, port: int, token: str, timeout: float = TIMEOUT
    ) -> None:
        self._program = program
        self._codec = FrameCodec(program)
        self._place = (host, port)
        self._token = token
        self._timeout = timeout
        self._wire: Wire | None = self._connect()

    def run(self, frames: Iterable[Frame], ahead: int | None = None) -> Iterator[Frame]:
        """Send frames as they come and yield their results in order."""
        wire = self._connected()
        limit = ahead or AHEAD
        wire.send(Kind.RUN, AHEAD_FIELD.pack(limit))
        wire.set_timeout(None)  # the source may be slow; ``_next`` keeps the time
        arrived: queue.SimpleQueue[Message | DeviceError] = queue.SimpleQueue()
        threading.Thread(target=_collect, args=(wire, arrived), daemon=True).start()
        sent = received = 0
        ended = False
        try:
            for frame in frames:
                wire.send(Kind.FRAME, self._codec.encode_input(frame))
                sent += 1
                while sent - received >= limit:
                    result = self._next(arrived, sent, received)
                    received += 1
                    yield result
            wire.send(Kind.END)
            while received < sent:
                result = self._next(arrived, sent, received)
                received += 1
                yield result
            self._take(arrived, Kind.DONE, sent, received)
            ended = True
        finally:
            if not ended:
                self.close()  # what is under way belongs to nobody

    def counters(self) -> Counters:
        """Ask the server."""
        wire = self._connected()
        wire.set_timeout(self._timeout)
        wire.send(Kind.COUNTERS)
        content = wire.expect(Kind.COUNTERS)
        if len(content) != COUNTERS.size:
            raise DeviceError(f"counters must have {COUNTERS.size} bytes, not {len(content)}")
        return Counters(*COUNTERS.unpack(content))

    def close(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _connected(self) -> Wire:
        if self._wire is None:
            self._wire = self._connect()
        return self._wire

    def _connect(self) -> Wire:
        host, port = self._place
        try:
            connection = socket.create_connection(self._place, CONNECT_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise DeviceError(
                f"{host} must listen at port {port}, and does not: {error}; start "
                "`python3 -m sangi.runtime.server` there"
            ) from error
        wire = Wire(connection)
        try:
            prove(wire, self._token)
            digest = wire.expect(Kind.HELLO).decode(errors="replace")
            if digest != self._program.digest:
                raise DeviceError(
                    f"the server's program must have the digest {self._program.digest[:16]}, not "
                    f"{digest[:16]}; open the build that the server has"
                )
        except BaseException:
            wire.close()
            raise
        return wire

    def _next(
        self, arrived: queue.SimpleQueue[Message | DeviceError], sent: int, received: int
    ) -> Frame:
        return self._codec.decode_output(self._take(arrived, Kind.RESULT, sent, received))

    def _take(
        self,
        arrived: queue.SimpleQueue[Message | DeviceError],
        kind: Kind,
        sent: int,
        received: int,
    ) -> bytes:
        """Return the content of the next message; it must be of a kind."""
        where = f"after {sent} frames sent and {received} results received"
        try:
            message = arrived.get(timeout=self._timeout)
        except queue.Empty:
            raise DeviceError(
                f"the server must answer within {self._timeout:g} s, and did not {where}"
            ) from None
        if isinstance(message, DeviceError):
            raise DeviceError(f"{message} ({where})") from message
        if message.kind is Kind.ERROR:
            text = message.content.decode(errors="replace")
            raise DeviceError(f"the server reports: {text} ({where})")
        if message.kind is not kind:
            raise DeviceError(f"the server must send {kind.name}, not {message.kind.name}, {where}")
        return message.content


def _collect(wire: Wire, arrived: queue.SimpleQueue[Message | DeviceError]) -> None:
    """Receive until a run has ended: a thread, so that neither side ever waits for the other."""
    while True:
        try:
            message = wire.receive()
        except DeviceError as error:
            arrived.put(error)
            return
        arrived.put(message)
        if message.kind is not Kind.RESULT:
            return


def parse_address(address: str) -> tuple[str, int, str]:
    """Split ``HOST:PORT?token=TOKEN`` or ``HOST?token-file=FILE`` into host, port and token.

    Raises
    ------
    DeviceError
        If the host or the token is missing, or anything else is wrong.
    """
    parts = urlsplit("//" + address)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    try:
        port = parts.port or PORT
    except ValueError as error:
        raise DeviceError(f"the port must be a number up to 65535: {error}") from error
    if not parts.hostname or parts.path:
        raise DeviceError(
            f"device tcp: must be tcp:HOST:PORT?token=TOKEN, not {'tcp:' + address!r}"
        )
    token, file = options.pop("token", ""), options.pop("token-file", "")
    if options:
        names = ", ".join(sorted(options))
        raise DeviceError(f"device tcp: knows the options token and token-file, not {names}")
    if file:
        try:
            token = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DeviceError(f"the token's file {file} cannot be read: {error}") from error
    if not token:
        raise DeviceError(
            "device tcp: needs ?token=TOKEN or ?token-file=FILE; the server prints it"
        )
    return parts.hostname, port, token


def open_device(address: str, build: Path, program: Program) -> TcpDevice:
    """Open ``tcp:HOST:PORT?token=TOKEN``.

    Raises
    ------
    DeviceError
        See ``parse_address`` and ``TcpDevice``.
    """
    return TcpDevice(program, *parse_address(address))
