"""The client against a circuit in Python that keeps the protocol, on lines that do not."""

import random
from collections import deque
from itertools import cycle

import pytest

from sangi.runtime.devices.packets import PacketClient
from sangi.runtime.errors import DataError, DeviceError
from sangi.runtime.protocol import Decoder, Info, Kind, Packet, Position, cut, encode

FRAME, RESULT, WINDOW, KEPT = 100, 70, 4, 8


def reverse(frame: bytes) -> bytes:
    """What the circuit computes."""
    return frame[::-1][:RESULT]


def clean(data: bytes) -> bytes:
    """A good line."""
    return data


class FakeCircuit:
    """Acts on packets as the protocol says; also a transport that never waits.

    Parameters
    ----------
    line : function
        What becomes of bytes on their way, in either direction.
    """

    def __init__(self, line=clean, version=1):
        self.line = line
        self.version = version
        self.decoder = Decoder()
        self.outgoing = bytearray()
        self.session = 0
        self.opened = 0
        self.cycles = 0
        self.acknowledged = 0
        self.closed = False
        self.computing = True
        self.clear()

    def clear(self):
        self.expected = Position()
        self.frame = bytearray()
        self.kept = deque()

    def write(self, data):
        for packet in self.decoder.feed(self.line(data)):
            self.act(packet)

    def read(self, timeout):
        data = self.line(bytes(self.outgoing))
        self.outgoing.clear()
        return data

    def close(self):
        self.closed = True

    def send(self, *packets):
        for packet in packets:
            self.outgoing += encode(packet)

    def act(self, packet):
        if packet.kind is Kind.HELLO:
            if packet.session != self.session:
                self.session = packet.session
                self.opened += 1
                self.clear()
            self.cycles += 1000
            figures = (WINDOW, FRAME, RESULT, KEPT, self.expected.image)
            info = Info(b"\1" * 8, self.version, *figures, cycles=self.cycles)
            self.send(Packet(Kind.INFO, self.session, self.expected, info.pack()))
        elif packet.session != self.session:
            return
        elif packet.kind is Kind.DATA:
            self.take(packet)
        elif packet.kind in (Kind.ACK, Kind.RESEND):
            self.acknowledged += packet.kind is Kind.ACK
            while self.kept and self.kept[0].position < packet.position:
                self.kept.popleft()
            if packet.kind is Kind.RESEND:
                self.send(*self.kept)

    def take(self, packet):
        if packet.position == self.expected and self.computing:
            image = packet.position.image
            self.frame += packet.payload
            self.expected = self.expected.after(FRAME)
            if len(self.frame) == FRAME:
                results = list(cut(Kind.RESULT, self.session, image, reverse(self.frame)))
                self.kept += results
                self.send(*results)
                self.frame.clear()
        self.send(Packet(Kind.ACK, self.session, self.expected))


def images(count, seed=0):
    draw = random.Random(seed)
    return [draw.randbytes(FRAME) for _ in range(count)]


def faulty(seed, rate):
    """A line that loses, damages, repeats and inserts, each with chance ``rate`` per transfer."""
    draw = random.Random(seed)

    def line(data):
        fault = int(draw.random() / rate)
        if not data or fault > 4:
            return data
        place = draw.randrange(len(data))
        return (
            b"",
            data[:place] + bytes([data[place] ^ 1 << draw.randrange(8)]) + data[place + 1 :],
            data + data,
            draw.randbytes(draw.randrange(100)) + data,
            data[:place] + data[place + 1 :],
        )[fault]

    return line


def test_results_come_in_order():
    frames = images(20)
    client = PacketClient(FakeCircuit())
    assert list(client.run(frames)) == [reverse(frame) for frame in frames]
    assert list(client.run(frames[:3])) == [reverse(frame) for frame in frames[:3]]
    assert client.status().frames == 23
    assert list(client.run([])) == []


@pytest.mark.parametrize("seed", range(20))
def test_faults_never_change_a_result(seed):
    frames = images(30, seed)
    circuit = FakeCircuit(faulty(seed, 0.04))
    client = PacketClient(circuit, retries=100, patience=1e9)
    assert list(client.run(frames)) == [reverse(frame) for frame in frames]


def test_few_acknowledgements_take_room_on_the_line():
    circuit = FakeCircuit()
    client = PacketClient(circuit)
    frames = images(40)
    assert list(client.run(frames)) == [reverse(frame) for frame in frames]
    results = 40 * len(list(cut(Kind.RESULT, 1, 0, bytes(RESULT))))
    assert circuit.acknowledged <= results / (KEPT // 4)


def test_a_result_of_an_image_that_was_not_sent_is_ignored():
    circuit = FakeCircuit()
    client = PacketClient(circuit)
    circuit.send(*cut(Kind.RESULT, circuit.session, 0, bytes(RESULT)))
    client.status()
    frames = images(3)
    assert list(client.run(frames)) == [reverse(frame) for frame in frames]


def test_images_are_taken_as_they_are_needed():
    taken = []

    def source():
        for frame in images(50):
            taken.append(frame)
            yield frame

    run = PacketClient(FakeCircuit()).run(source())
    assert next(run) == reverse(taken[0])
    assert len(taken) < 2 * WINDOW


def test_an_abandoned_run_opens_a_new_session():
    circuit = FakeCircuit()
    client = PacketClient(circuit)
    opened = circuit.opened
    frames = images(40)
    run = client.run(frames)
    next(run)
    run.close()
    assert list(client.run(frames[5:7])) == [reverse(frame) for frame in frames[5:7]]
    assert circuit.opened == opened + 2


def test_every_opening_resets_the_circuit():
    circuit = FakeCircuit()
    for session in (0, 1, 0x1234, 0xFFFF):
        circuit.session = session
        circuit.expected = Position(7, 64)
        PacketClient(circuit)
        assert circuit.expected == Position()
        assert circuit.session != session or circuit.opened >= 2


def test_a_silent_device_is_reported():
    with pytest.raises(DeviceError, match=r"must answer within 0.5 s, but did not, 6 times"):
        PacketClient(FakeCircuit(lambda data: b""))


def test_a_stream_of_garbage_is_no_device():
    draw = random.Random(3)
    with pytest.raises(DeviceError, match="must answer within"):
        PacketClient(FakeCircuit(lambda data: draw.randbytes(4096)), retries=1)


def test_a_device_that_dies_is_reported():
    circuit = FakeCircuit()
    client = PacketClient(circuit)
    run = client.run(images(9))
    next(run)
    circuit.line = lambda data: b""
    with pytest.raises(DeviceError, match="stopped answering in image"):
        list(run)


def test_a_device_that_stands_still_is_reported():
    circuit = FakeCircuit()
    client = PacketClient(circuit, patience=5)
    circuit.computing = False
    with pytest.raises(DeviceError, match="must make progress within 5 s, but stands still"):
        list(client.run(images(2)))


def test_copies_of_an_old_answer_are_no_lost_session():
    circuit = FakeCircuit()
    client = PacketClient(circuit, patience=5)
    old = encode(Packet(Kind.INFO, circuit.session, Position(), client.info.pack()))
    run = client.run(images(30))
    for _ in range(5):
        next(run)
    answers = cycle([b"", old])
    circuit.line = lambda data: b"" if data else next(answers)
    with pytest.raises(DeviceError, match="must make progress within 5 s, but stands still"):
        list(run)


def test_a_device_that_was_reset_is_reported():
    circuit = FakeCircuit()
    client = PacketClient(circuit)
    run = client.run(images(30))
    for _ in range(5):
        next(run)
    circuit.session = 0
    circuit.clear()
    with pytest.raises(DeviceError, match="must keep its session, but has lost it in image 8"):
        list(run)


def test_another_version_is_refused():
    with pytest.raises(DeviceError, match="must have version 1, not 2"):
        PacketClient(FakeCircuit(version=2))


def test_an_image_of_another_length_is_refused():
    client = PacketClient(FakeCircuit())
    with pytest.raises(DataError, match="an image must have 100 bytes, not 99"):
        list(client.run([bytes(99)]))
