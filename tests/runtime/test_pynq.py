"""The driver of ``pynq:`` against an imitation of the package, its DMA and the AXI shell."""

import sys
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

from sangi.runtime.devices import pynq as driver
from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.devices.elements import pack, packed_bytes, unpack
from sangi.runtime.errors import BuildError, DeviceError, ToolError
from sangi.runtime.host import execute
from sangi.runtime.registers import (
    ABORTED,
    CONTROL,
    IDENT,
    OVERLONG_FRAME,
    REGISTERS,
    SHORT_FRAME,
    VERSION,
    Trailer,
)
from sangi.runtime.store import save_program

W_IN, W_OUT = 8, 4
NAMES = {
    entry.offset + 4 * word: (entry, word) for entry in REGISTERS for word in range(entry.words)
}


class Circuit:
    """Registers, streams and DMA as their documents say; a transfer ends some polls later."""

    def __init__(self, program):
        self.program = program
        self.kinds = [program.types[program.inputs[0].tensor], program.types["y"]]
        digest = bytes.fromhex(program.digest[:16])
        self.values = {
            "IDENT": IDENT,
            "VERSION": VERSION,
            "DIGEST_LOW": int.from_bytes(digest[:4], "little"),
            "DIGEST_HIGH": int.from_bytes(digest[4:], "little"),
            "FRAME_BYTES": packed_bytes(self.kinds[0]),
            "RESULT_BYTES": packed_bytes(self.kinds[1]),
            "STREAM": W_IN | W_OUT << 8,
            "CYCLES": (5 << 32) + 7,
            "STALLS": 3,
        }
        self.spoil = lambda number, data: data
        self.computing = True
        self.status = {0: 1, 0x30: 1}  # halted
        self.length = 0
        self.resets = 0
        self.log = []
        self.clear()

    def clear(self):
        self.frames = self.results = 0
        self.queue = deque()
        self.sending = self.receiving = None
        self.polls = {0: 0, 0x30: 0}

    # The shell's registers.

    def read(self, offset):
        entry, word = NAMES[offset]
        values = {**self.values, "FRAMES": self.frames, "RESULTS": self.results}
        if entry.name == "CONTROL":
            return 0
        return values.get(entry.name, 0) >> 32 * word & 0xFFFFFFFF

    def write(self, offset, value):
        assert offset == CONTROL.offset
        if value & CONTROL.field("reset").mask:
            self.resets += 1
            self.clear()

    # The DMA.

    def dma_read(self, offset):
        if offset in (0x00, 0x30):
            return 0
        if offset == 0x58:
            return self.length
        channel = offset - 4
        assert channel in (0, 0x30)
        for each in self.polls:
            self.polls[each] += 1
            if self.polls[each] > (12 if each else 5):
                self.move(each)
        return self.status[channel]

    def dma_write(self, offset, value):
        assert (value, offset in (0x00, 0x30)) == (4, True)
        self.status[offset] = 1
        self.sending = self.receiving = None

    def start(self, channel):
        self.status[channel] = 0

    def transfer(self, channel, buffer):
        assert self.status[channel] & 1 == 0, "DMA channel not started"
        assert (self.sending if channel == 0 else self.receiving) is None, "DMA channel not idle"
        self.status[channel] = 0
        self.polls[channel] = 0
        if channel == 0:
            self.sending = bytes(buffer)
        else:
            self.receiving = buffer

    def move(self, channel):
        """End a transfer if it can end."""
        if channel == 0 and self.sending is not None:
            size = packed_bytes(self.kinds[0])
            assert len(self.sending) == -(-size // W_IN) * W_IN
            x = unpack(self.sending[:size], self.kinds[0])
            y = self.program.run(x[np.newaxis])["y"][0]
            data = pack(y, self.kinds[1])
            data = data.ljust(-(-len(data) // W_OUT) * W_OUT, b"\0")
            data += Trailer(self.frames % (1 << 24)).pack().ljust(W_OUT, b"\0")
            self.queue.append(self.spoil(self.frames, data))
            self.frames += 1
            self.sending = None
            self.status[0] = 2
        elif channel and self.receiving is not None and self.queue and self.computing:
            data = self.queue.popleft()
            self.receiving[: len(data)] = np.frombuffer(data, np.uint8)
            self.length = len(data)
            self.results += 1
            self.receiving = None
            self.status[0x30] = 2

    # The package.

    def overlay(self, path):
        def channel(offset):
            return SimpleNamespace(
                start=lambda: self.start(offset),
                transfer=lambda buffer: self.transfer(offset, buffer),
                wait=lambda: self.log.append("invalidate"),
            )

        self.log.append(path)
        return SimpleNamespace(
            shell=SimpleNamespace(read=self.read, write=self.write),
            dma=SimpleNamespace(
                read=self.dma_read,
                write=self.dma_write,
                sendchannel=channel(0),
                recvchannel=channel(0x30),
            ),
            free=lambda: self.log.append("free"),
        )

    def allocate(self, shape, dtype):
        class Buffer(np.ndarray):
            def freebuffer(buffer):
                self.log.append("freebuffer")

        return np.zeros(shape, dtype).view(Buffer)


@pytest.fixture
def circuit(ten, monkeypatch):
    circuit = Circuit(ten)
    package = SimpleNamespace(Overlay=circuit.overlay, allocate=circuit.allocate)
    monkeypatch.setitem(sys.modules, "pynq", package)
    monkeypatch.setattr(driver, "TIMEOUT", 0.2)
    return circuit


@pytest.fixture
def build(ten, tmp_path):
    save_program(ten, tmp_path / "program.sangi")
    (tmp_path / "project").mkdir()
    for name in ("system.bit", "system.hwh"):
        (tmp_path / "project" / name).touch()
    return tmp_path


@pytest.fixture
def images():
    return np.random.default_rng(6).integers(0, 256, (9, 30), dtype=np.uint8)


@pytest.mark.parametrize("ahead", [None, 1, 2])
def test_results_are_those_of_the_program(ten, circuit, build, images, ahead):
    want = execute(ten, images)["scores"]
    with Accelerator.open("pynq:", build) as accelerator:
        for _ in range(2):
            results = [each["scores"] for each in accelerator.map(images, ahead=ahead)]
            np.testing.assert_array_equal(np.stack(results), want)
        counters = accelerator.counters()
    assert (counters.frames, counters.cycles, counters.stalls) == (18, (5 << 32) + 7, 3)
    assert circuit.resets == 1
    assert circuit.log[0] == str(build / "project" / "system.bit")
    assert circuit.log.count("freebuffer") == 4
    assert circuit.log[-1] == "free"


def test_an_abandoned_run_resets(ten, circuit, build, images):
    with Accelerator.open("pynq:", build) as accelerator:
        run = accelerator.map(images)
        next(run)
        run.close()
        got = accelerator.infer(images[4:])["scores"]
    np.testing.assert_array_equal(got, execute(ten, images[4:])["scores"])
    assert circuit.resets == 2


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda data: data[:-W_OUT] + Trailer(2, SHORT_FRAME).pack(), "frame ended too early"),
        (lambda data: data[:-W_OUT] + Trailer(2, OVERLONG_FRAME).pack(), "did not end in time"),
        (lambda data: data[:-W_OUT] + Trailer(2, ABORTED).pack(), "a reset cut it"),
        (lambda data: data[:-W_OUT] + Trailer(2, 128).pack(), "flags 0x80"),
        (lambda data: data[:-W_OUT] + Trailer(3).pack(), "must be that of frame 2, not 3"),
        (lambda data: data[W_OUT:], "frame 2 must have 24 bytes, not 20"),
    ],
)
def test_a_marked_or_missing_result_is_never_given(ten, circuit, build, images, spoil, message):
    circuit.spoil = lambda number, data: spoil(data) if number == 2 else data
    want = execute(ten, images)["scores"]
    results = []
    with Accelerator.open("pynq:", build) as accelerator:
        with pytest.raises(DeviceError, match=message):
            results.extend(each["scores"] for each in accelerator.map(images))
        circuit.spoil = lambda number, data: data
        np.testing.assert_array_equal(accelerator.infer(images)["scores"], want)
    assert circuit.resets == 2


def test_a_standstill_says_what_was_sent(circuit, build, images):
    circuit.computing = False
    with Accelerator.open("pynq:", build) as accelerator:
        message = (
            "within 0.2 s, and has not; 4 frames were sent, the circuit has taken 4 and answered 0"
        )
        with pytest.raises(DeviceError, match=message):
            accelerator.infer(images)
        circuit.move = lambda channel: circuit.status.update({0x30: 0x10})
        with pytest.raises(DeviceError, match="the DMA must move data to memory, but reports"):
            accelerator.infer(images)


@pytest.mark.parametrize(
    "name, value, message",
    [
        ("IDENT", 7, "must be 0x69676e73, not 0x00000007"),
        ("VERSION", 9, f"must have version {VERSION}, not 9"),
        ("DIGEST_LOW", 0, "must have the digest .*, not 00000000"),
        ("FRAME_BYTES", 31, "must have 30 and 20 bytes, not 31 and 20"),
    ],
)
def test_a_foreign_circuit_is_refused(circuit, build, name, value, message):
    circuit.values[name] = value
    with pytest.raises(DeviceError, match=message):
        Accelerator.open("pynq:", build)
    assert circuit.log[-1] == "free"


def test_what_cannot_be_opened(circuit, build, tmp_path, monkeypatch):
    circuit.overlay = None
    (build / "project" / "system.hwh").unlink()
    with pytest.raises(BuildError, match=r"must have system\.hwh beside it"):
        Accelerator.open("pynq:", build)
    with pytest.raises(BuildError, match=r"must be nowhere\.bit, and is not there; run Vivado"):
        Accelerator.open("pynq:nowhere.bit", build)
    (build / "project" / "system.hwh").touch()

    def fail(path):
        raise OSError("no such device")

    monkeypatch.setattr(sys.modules["pynq"], "Overlay", fail)
    with pytest.raises(DeviceError, match="cannot be loaded: no such device"):
        Accelerator.open("pynq:", build)
    closed = SimpleNamespace(free=lambda: None)
    monkeypatch.setattr(sys.modules["pynq"], "Overlay", lambda path: closed)
    with pytest.raises(DeviceError, match="must hold the cells dma and shell"):
        Accelerator.open("pynq:", build)
    monkeypatch.setitem(sys.modules, "pynq", None)
    with pytest.raises(ToolError, match="part of a PYNQ board's image"):
        Accelerator.open("pynq:", build)
