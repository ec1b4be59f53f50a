"""The host's side of the packet protocol, over any transport that carries bytes."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import DataError, DeviceError
from ..protocol import (
    FLUSH,
    MAX_IMAGES,
    MAX_PAYLOAD,
    VERSION,
    Decoder,
    Info,
    Kind,
    Packet,
    Position,
    cut,
    encode,
)

_ACK_SHARE = 4  # an ACK as soon as this part of what the circuit keeps has come
_COPIES = 256  # INFO packets among which copies are known
_GARBAGE_LIMIT = 1 << 16  # bytes without a packet of ours, until a device counts as a foreign one


class Transport(Protocol):
    """Carries bytes to a circuit and back, and may lose or damage them."""

    def write(self, data: bytes) -> None:
        """Send; DeviceError if the connection is gone."""

    def read(self, timeout: float) -> bytes:
        """Return what has arrived, or wait for it; empty after ``timeout`` seconds of silence."""

    def close(self) -> None:
        """End the connection."""


@dataclass
class _Session:
    """Where both streams stand.

    ``images`` have been cut into packets; the circuit has taken everything before
    ``acknowledged``, and the host every result before ``expected``. ``owed`` result packets have
    come since an ACK. ``asked`` is where RESEND was sent last, ``idle`` counts repetitions without
    progress, ``silent`` those without any answer, ``lost`` INFO packets in a row that know less
    than was acknowledged: one may be late. ``counted`` are the cycles in the last INFO packets:
    what says one of them again is a copy, made on the way.
    """

    number: int
    images: int = 0
    unacknowledged: deque[Packet] = field(default_factory=deque)
    acknowledged: Position = field(default_factory=Position)
    expected: Position = field(default_factory=Position)
    partial: bytearray = field(default_factory=bytearray)
    results: deque[bytes] = field(default_factory=deque)
    owed: int = 0
    asked: Position | None = None
    counted: deque[int] = field(default_factory=lambda: deque(maxlen=_COPIES))
    lost: int = 0
    idle: int = 0
    silent: int = 0


class PacketClient:
    """Sends images and receives results; repeats what is lost.

    A session is opened on construction. A connection error leaves the client unusable; an
    abandoned ``run`` does not: the next one opens a new session.

    Parameters
    ----------
    transport : Transport
        Where the circuit is; closed by ``close``.
    timeout : float
        Seconds of silence after which packets are repeated.
    retries : int
        Repetitions without any answer until the device counts as dead.
    patience : float
        Seconds that a device may answer but make no progress.

    Raises
    ------
    DeviceError
        If the device does not answer, or speaks another version of the protocol.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        timeout: float = 0.5,
        retries: int = 5,
        patience: float = 60.0,
    ) -> None:
        self._transport = transport
        self._timeout = timeout
        self._retries = retries
        self._patience = patience
        self._decoder = Decoder()
        self._sent = self._received = self._understood = 0
        self._session = _Session(0)
        self._info: Info | None = None
        self.info = self._open()

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()

    def status(self) -> Info:
        """Ask the circuit for its counters; also while ``run`` is under way."""
        return self._hello()

    def run(self, frames: Iterable[bytes], ahead: int | None = None) -> Iterator[bytes]:
        """Send images as they come and yield their results in the same order.

        Parameters
        ----------
        frames : iterable of bytes
            Each of ``info.frame_bytes`` bytes.
        ahead : int, optional
            Images taken at most whose results have not been yielded; by default as many as the
            circuit buffers.

        Yields
        ------
        bytes
            ``info.result_bytes`` bytes for every image.

        Raises
        ------
        DataError
            If an image has another length.
        DeviceError
            If the device does not answer or makes no progress.
        """
        if self._session.images != self._session.expected.image or self._session.unacknowledged:
            self._open()
        source = iter(frames)
        waiting: deque[Packet] = deque()  # the packets of an image, not sent yet
        exhausted = False
        while True:
            batch = []
            while len(self._session.unacknowledged) < self.info.window:
                if not waiting:
                    given = self._session.expected.image - len(self._session.results)
                    if exhausted or (ahead and self._session.images - given >= ahead):
                        break
                    frame = next(source, None)
                    if frame is None:
                        exhausted = True
                        break
                    waiting.extend(self._cut(frame))
                packet = waiting.popleft()
                self._session.unacknowledged.append(packet)
                batch.append(encode(packet))
            if batch:
                self._write(b"".join(batch))
            while self._session.results:
                yield self._session.results.popleft()
            if self._session.expected.image < self._session.images:
                self._pump()
            elif exhausted:
                return

    def _cut(self, frame: bytes) -> Iterator[Packet]:
        if len(frame) != self.info.frame_bytes:
            raise DataError(f"an image must have {self.info.frame_bytes} bytes, not {len(frame)}")
        if self._session.images == MAX_IMAGES:
            raise DeviceError(f"a session must have at most {MAX_IMAGES} images; open another")
        image, self._session.images = self._session.images, self._session.images + 1
        return cut(Kind.DATA, self._session.number, image, frame)

    def _open(self) -> Info:
        """Open a session that was not open before, whatever the circuit was doing."""
        first = secrets.randbelow(0xFFFF) + 1
        # The session that is open may be the first of these by chance, never both.
        for number in (first, first % 0xFFFF + 1):
            self._session = _Session(number)
            info = self._hello()
        if info.version != VERSION:
            raise DeviceError(
                f"the circuit's protocol must have version {VERSION}, not {info.version}; "
                "compile again with this version of sangi"
            )
        return info

    def _hello(self) -> Info:
        """Send HELLO until INFO comes."""
        self._info = None
        for _ in range(self._retries + 1):
            self._write(FLUSH + encode(Packet(Kind.HELLO, self._session.number)))
            received = 0
            while received < _GARBAGE_LIMIT and (data := self._read()):
                received = 0 if self._take(self._decoder.feed(data)) else received + len(data)
                if self._info is not None:
                    return self._info
            self._take(self._decoder.resume())
            if self._info is not None:
                return self._info
        raise DeviceError(
            f"the device must answer within {self._timeout:g} s, but did not, {self._retries + 1} "
            f"times; {self._traffic}; is it powered, is the bitstream loaded, is the baud rate "
            "right?"
        )

    def _pump(self) -> None:
        """Wait for packets once and act on them; repeat what is missing after silence."""
        data = self._read()
        packets = self._decoder.feed(data) if data else self._decoder.resume()
        if self._take(packets):
            self._session.silent = 0
        elif not data:
            self._repeat()

    def _repeat(self) -> None:
        """Repeat everything that is not acknowledged and ask for everything not received."""
        self._session.idle += 1
        self._session.silent += 1
        if self._session.silent > self._retries:
            raise DeviceError(
                f"the device must answer within {self._timeout:g} s, but stopped answering "
                f"in image {self._session.expected.image}; {self._traffic}"
            )
        if self._session.lost > 1 and self._session.idle > 1:
            raise DeviceError(
                "the device must keep its session, but has lost it in image "
                f"{self._session.expected.image}; was it reset or used by another?"
            )
        if self._session.idle * self._timeout > self._patience:
            raise DeviceError(
                f"the device must make progress within {self._patience:g} s, but stands still in "
                f"image {self._session.expected.image}; {self._traffic}"
            )
        hello = Packet(Kind.HELLO, self._session.number)
        resend = Packet(Kind.RESEND, self._session.number, self._session.expected)
        packets = [hello, *self._session.unacknowledged, resend]
        self._write(FLUSH + b"".join(encode(packet) for packet in packets))

    def _write(self, data: bytes) -> None:
        self._sent += len(data)
        self._transport.write(data)

    def _read(self) -> bytes:
        data = self._transport.read(self._timeout)
        self._received += len(data)
        return data

    @property
    def _traffic(self) -> str:
        """What went over the line so far, in words."""
        packets = f"{self._understood} packets" if self._understood else "no packet"
        return f"sent {self._sent} bytes, received {self._received} bytes with {packets}"

    def _take(self, packets: list[Packet]) -> bool:
        """Act on received packets; whether there was any of this session."""
        ours = [packet for packet in packets if packet.session == self._session.number]
        self._understood += len(ours)
        newest = Position()
        for packet in ours:
            if packet.kind is Kind.RESULT and packet.position.image < self._session.images:
                newest = max(newest, packet.position)
                self._session.owed += 1
                self._take_result(packet)
            elif packet.kind is Kind.ACK:
                self._take_acknowledgement(packet.position)
            elif packet.kind is Kind.INFO:
                self._take_info(Info.unpack(packet.payload), packet.position)
        self._answer(newest)
        return bool(ours)

    def _answer(self, newest: Position) -> None:
        """Ask once for results before ``newest`` that are missing; acknowledge now and then.

        The circuit keeps several packets, and the line to it has images to carry: one ACK for a
        quarter of what it keeps.
        """
        session = self._session
        missing = newest > session.expected and session.asked != session.expected
        if missing:
            session.asked = session.expected
        elif session.owed == 0 or session.owed < self.info.kept // _ACK_SHARE:
            return
        session.owed = 0
        kind = Kind.RESEND if missing else Kind.ACK
        self._write(encode(Packet(kind, session.number, session.expected)))

    def _take_info(self, info: Info, position: Position) -> None:
        session = self._session
        copied = info.cycles in session.counted
        session.counted.append(info.cycles)
        self._info = info
        if position < session.acknowledged and not copied:
            session.lost += 1
        self._take_acknowledgement(position)

    def _take_acknowledgement(self, position: Position) -> None:
        while self._session.unacknowledged and self._session.unacknowledged[0].position < position:
            self._session.unacknowledged.popleft()
            self._session.idle = 0
        if position >= self._session.acknowledged:
            self._session.acknowledged = position
            self._session.lost = 0

    def _take_result(self, packet: Packet) -> None:
        size = self.info.result_bytes
        wanted = min(MAX_PAYLOAD, size - self._session.expected.offset)
        if packet.position != self._session.expected or len(packet.payload) != wanted:
            return
        self._session.idle = 0
        self._session.partial += packet.payload
        self._session.expected = self._session.expected.after(size)
        if len(self._session.partial) == size:
            self._session.results.append(bytes(self._session.partial))
            self._session.partial.clear()
