"""The shell's circuit and the driver's client, each against the other, over a bad line."""

from __future__ import annotations

import random

import pytest
from amaranth.hdl import ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out, connect
from amaranth.sim import Simulator

from sangi.hdl.beat import Beat
from sangi.hdl.shell.uart.circuit import Shell
from sangi.hdl.shell.uart.params import PortParams, ShellParams
from sangi.hdl.shell.uart.serial import SerialReceiver, SerialTransmitter
from sangi.runtime.devices.packets import PacketClient
from sangi.runtime.protocol import Decoder, Info, Kind, Packet, Position, cut, encode

DIGEST = "00112233445566778899aabbccddeeff"


class Toy(wiring.Component):
    """A core that remembers: element k of the session leaves as ``3 * x - k mod 16``, 12 bits."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(
            {
                "source": In(stream.Signature(8 * lanes)),
                "sink": Out(stream.Signature(12 * lanes)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=12 * self.lanes, depth=4)
        count = Signal(4)
        for lane in range(self.lanes):
            value = self.source.payload.word_select(lane, 8) * 3 - (count + lane)[:4]
            m.d.comb += fifo.w_data.word_select(lane, 12).eq(value)
        m.d.comb += [
            fifo.w_en.eq(self.source.valid),
            self.source.ready.eq(fifo.w_rdy),
            self.sink.payload.eq(fifo.r_data),
            self.sink.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.sink.ready),
        ]
        with m.If(self.source.valid & self.source.ready):
            m.d.sync += count.eq(count + self.lanes)
        return m


def toy(frame: bytes, image: int) -> bytes:
    """What the toy makes of an image, as its bytes on the link."""
    start = image * len(frame)
    values = [3 * x - (start + k) % 16 for k, x in enumerate(frame)]
    return b"".join(value.to_bytes(2, "little", signed=True) for value in values)


def serial_lines(m, shell, divisor):
    """Put a serial line and the host's end of it on either side of the shell; return these ends."""
    m.submodules.host_out = host_out = SerialTransmitter(divisor)
    m.submodules.circuit_in = circuit_in = SerialReceiver(divisor)
    m.submodules.circuit_out = circuit_out = SerialTransmitter(divisor)
    m.submodules.host_in = host_in = SerialReceiver(divisor)
    connect(m, circuit_in.bytes, shell.rx)
    connect(m, shell.tx, circuit_out.bytes)
    m.d.comb += [circuit_in.line.eq(host_out.line), host_in.line.eq(circuit_out.line)]
    return host_out.bytes, host_in.bytes


class Simulated:
    """A transport to the circuit in Amaranth's simulator; faults are drawn per write and read.

    A second of timeout is ``cycles`` clock cycles. With a ``divisor`` the bytes go as bits over
    two serial lines.
    """

    def __init__(
        self, elements, lanes=1, slots=(4, 2), cycles=3000, divisor=None, core_period=0.7e-6
    ):
        self.params = ShellParams(
            PortParams(Beat(lanes, 8, False), elements, slots[0]),
            PortParams(Beat(lanes, 12, True), elements, slots[1]),
            DIGEST,
        )
        m = Module()
        m.submodules.shell = shell = Shell(self.params)
        core = Toy(lanes)
        m.domains.fast = ClockDomain(reset_less=True)
        m.domains.toy = ClockDomain(local=True)
        m.submodules.core = DomainRenamer("toy")(core)
        m.d.comb += [
            shell.core_clk.eq(ClockSignal("fast")),
            ClockSignal("toy").eq(ClockSignal("fast")),
            ResetSignal("toy").eq(shell.core_reset),
        ]
        connect(m, shell.source, core.source)
        connect(m, core.sink, shell.sink)
        rx, tx = (shell.rx, shell.tx) if divisor is None else serial_lines(m, shell, divisor)
        self.to_circuit = bytearray()
        self.from_circuit = bytearray()
        self.cycles = cycles
        self.spoil = lambda data: data
        self.now = 0
        self.simulator = Simulator(m)
        self.simulator.add_clock(1e-6)
        self.simulator.add_clock(core_period, domain="fast")

        async def bench(ctx):
            while True:
                ctx.set(rx.valid, bool(self.to_circuit))
                ctx.set(rx.payload, self.to_circuit[0] if self.to_circuit else 0)
                ctx.set(tx.ready, self.now % 3 != 0)
                _, _, taken, given, byte = await ctx.tick().sample(
                    rx.valid & rx.ready,
                    tx.valid & tx.ready,
                    tx.payload,
                )
                if taken:
                    del self.to_circuit[0]
                if given:
                    self.from_circuit.append(byte)
                self.now += 1

        self.simulator.add_testbench(bench, background=True)

    def run(self, cycles: int) -> None:
        end = self.now + cycles
        while self.now < end:
            self.simulator.advance()

    def write(self, data: bytes) -> None:
        self.to_circuit += self.spoil(data)

    def read(self, timeout: float) -> bytes:
        end = self.now + timeout * self.cycles
        while not self.from_circuit and self.now < end:
            self.run(50)
        data = bytes(self.from_circuit)
        self.from_circuit.clear()
        return self.spoil(data)

    def close(self) -> None:
        pass

    def ask(self, *packets: Packet) -> list[Packet]:
        """Send packets over a good line and return all that comes back."""
        self.to_circuit += b"".join(encode(packet) for packet in packets)
        size = -1
        while self.to_circuit or len(self.from_circuit) != size:
            size = len(self.from_circuit)
            self.run(300)
        received = bytes(self.from_circuit)
        self.from_circuit.clear()
        return Decoder().feed(received)


def images(count: int, size: int, seed: int = 1) -> list[bytes]:
    """Random images."""
    return [random.Random(seed + k).randbytes(size) for k in range(count)]


@pytest.mark.parametrize("elements, lanes", [(1, 1), (64, 4), (66, 3), (130, 1)])
def test_results_arrive_in_order(elements, lanes):
    client = PacketClient(Simulated(elements, lanes), timeout=1)
    frames = images(5, elements)
    assert list(client.run(frames)) == [toy(frame, k) for k, frame in enumerate(frames)]
    info = client.status()
    assert info.digest == bytes.fromhex(DIGEST[:16])
    assert (info.frames, info.rejected) == (5, 0)
    assert info.cycles > 5 * elements


def test_no_bit_is_lost_on_the_fastest_line():
    client = PacketClient(Simulated(70, slots=(2, 2), divisor=8, cycles=20_000), timeout=1)
    frames = images(2, 70)
    assert list(client.run(frames)) == [toy(frame, k) for k, frame in enumerate(frames)]
    assert client.status().rejected == 0


@pytest.mark.parametrize("core_period", [0.13e-6, 1e-6, 4.1e-6])
def test_a_new_session_resets_the_core(core_period):
    line = Simulated(20, core_period=core_period)
    client = PacketClient(line, timeout=1)
    frame = images(1, 20)[0]
    run = client.run([frame] * 9)
    assert next(run) == toy(frame, 0)
    run.close()
    assert list(client.run([frame])) == [toy(frame, 0)]
    assert list(PacketClient(line, timeout=1).run([frame] * 2)) == [toy(frame, k) for k in (0, 1)]


@pytest.mark.parametrize("seed", range(2))
def test_a_bad_line_never_gives_a_wrong_result(seed):
    draw = random.Random(seed)
    held = [b""]

    def spoil(data: bytes) -> bytes:
        fault = draw.randrange(20)
        if fault == 0:
            return b""
        if fault == 1:
            return data + data
        if fault == 2 and data:
            place = draw.randrange(len(data))
            return data[:place] + bytes([data[place] ^ 1 << draw.randrange(8)]) + data[place + 1 :]
        if fault == 3:
            return draw.randbytes(draw.randrange(90)) + data
        if fault == 4:
            return data[draw.randrange(len(data) + 1) :]
        if fault == 5:
            return draw.choice(held) + data
        held.append(data)
        return data

    line = Simulated(80, cycles=700)
    client = PacketClient(line, timeout=1, retries=50)
    line.spoil = spoil
    frames = images(4, 80, seed)
    assert list(client.run(frames)) == [toy(frame, k) for k, frame in enumerate(frames)]


def test_only_the_expected_packet_is_accepted():
    line = Simulated(100, slots=(4, 4))
    frame = images(1, 100)[0]
    first, second = cut(Kind.DATA, 7, 0, frame)
    assert line.ask(first) == []  # no session is open
    (info,) = line.ask(Packet(Kind.HELLO, 7))
    assert (info.kind, info.session, info.position) == (Kind.INFO, 7, Position())
    start = Packet(Kind.ACK, 7, Position())
    short = Packet(Kind.DATA, 7, Position(), frame[:63])
    other = Packet(Kind.DATA, 8, Position(), frame[:64])
    assert line.ask(second) == [start]
    assert line.ask(short) == [start]
    assert line.ask(other) == []
    middle = Packet(Kind.ACK, 7, Position(0, 64))
    assert middle in line.ask(first)
    assert line.ask(first)[0] == middle


def test_results_are_kept_until_they_are_acknowledged():
    line = Simulated(40, slots=(8, 4))
    frames = images(3, 40)
    line.ask(Packet(Kind.HELLO, 7))
    data = [packet for k, frame in enumerate(frames) for packet in cut(Kind.DATA, 7, k, frame)]
    line.ask(*data)
    results = [
        packet for k, frame in enumerate(frames) for packet in cut(Kind.RESULT, 7, k, toy(frame, k))
    ]
    again = line.ask(Packet(Kind.RESEND, 7, Position()))
    assert again[:4] == results[:4]
    stale_and_early = [Packet(Kind.ACK, 7, Position(0, 64)), Packet(Kind.ACK, 6, Position(3, 0))]
    assert line.ask(*stale_and_early)[-1] == results[4]  # one slot became free
    rest = line.ask(Packet(Kind.RESEND, 7, Position(1, 0)))
    assert [packet for packet in rest if packet.kind is Kind.RESULT][-4:] == results[2:6]
    assert line.ask(Packet(Kind.ACK, 7, Position(3, 0))) == []
    assert line.ask(Packet(Kind.RESEND, 7, Position(3, 0))) == []


def test_few_acks_are_sent_while_results_wait():
    line = Simulated(20, slots=(16, 16))
    frames = images(12, 20)
    line.ask(Packet(Kind.HELLO, 7))
    data = [packet for k, frame in enumerate(frames) for packet in cut(Kind.DATA, 7, k, frame)]
    answers = line.ask(*data)
    acks = [packet.position.image for packet in answers if packet.kind is Kind.ACK]
    assert len(answers) - len(acks) == 12
    assert acks[-1] == 12
    assert len(acks) <= 6
    # The host may send on in time: it never waits for more than a quarter of what fits.
    assert max(later - earlier for earlier, later in zip([0, *acks], acks, strict=False)) <= 6


@pytest.mark.parametrize("delay", [200, 320])
def test_a_result_under_way_is_whole_or_void_when_a_session_begins(delay):
    line = Simulated(100, slots=(4, 4))
    frame = images(1, 100)[0]
    line.ask(Packet(Kind.HELLO, 7))
    line.to_circuit += b"".join(encode(packet) for packet in cut(Kind.DATA, 7, 0, frame))
    while not line.from_circuit:
        line.run(10)
    line.run(delay)  # in the second of four packets
    received = line.ask(Packet(Kind.HELLO, 8))
    right = list(cut(Kind.RESULT, 7, 0, toy(frame, 0)))
    results = [packet for packet in received if packet.kind is Kind.RESULT]
    assert results == right[:1]
    assert received[-1].session == 8


def test_a_damaged_packet_is_counted_and_ignored():
    line = Simulated(10)
    line.ask(Packet(Kind.HELLO, 7))
    damaged = bytearray(encode(Packet(Kind.DATA, 7, Position(), bytes(10))))
    damaged[-1] ^= 0x80
    line.to_circuit += damaged
    (info,) = line.ask(Packet(Kind.HELLO, 7))
    assert Info.unpack(info.payload).rejected == 1
    assert info.position == Position()


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: PortParams(Beat(3, 8, False), 10, 4), "elements must be a multiple of the lanes"),
        (lambda: PortParams(Beat(1, 8, False), 10, 3), "slots must be a power of two"),
        (lambda: PortParams(Beat(1, 8, False), 1 << 24, 4), "a frame must be shorter than"),
    ],
)
def test_parameters_are_checked(make, message):
    with pytest.raises(ValueError, match=message):
        make()
