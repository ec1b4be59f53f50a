"""Accelerators: one face, whatever computes behind it."""

import sys

import numpy as np
import pytest

from sangi.runtime.devices.accelerator import Accelerator, schemes
from sangi.runtime.devices.elements import pack, packed_bytes, unpack
from sangi.runtime.devices.packet_device import PacketDevice
from sangi.runtime.devices.uart import parse_address
from sangi.runtime.errors import DataError, DeviceError, ToolError, UsageError
from sangi.runtime.host import execute
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.dense import Dense
from sangi.runtime.program import Input, Node, Output, Program, Step
from sangi.runtime.protocol import Decoder, Info, Kind, Packet, Position, cut, encode
from sangi.runtime.store import save_program


@pytest.fixture
def program():
    """Ten outputs of 32 raw bytes, wide and signed, softmax on the host."""
    draw = np.random.default_rng(5)
    dense = Dense(draw.integers(-9, 10, (10, 32)))
    image = TensorType((32,), 0, 255)
    return Program(
        name="ten",
        inputs=(Input("x", "image", (32,), "N", "bytes"),),
        nodes=(Node("dense", dense, ("x",), "y"),),
        outputs=(
            Output(
                "y", "scores", np.array([0.25]), np.array([1.0]), (Step("softmax", {"axis": 0}),)
            ),
        ),
        types={"x": image, "y": dense.infer(image)},
        original_weights=320,
    )


@pytest.fixture
def images():
    return np.random.default_rng(6).integers(0, 256, (9, 32), dtype=np.uint8)


class Line:
    """A transport to a circuit that computes ``program`` and never fails."""

    def __init__(self, program, **changes):
        self.program = program
        kinds = (program.types["x"], program.types["y"])
        sizes = tuple(packed_bytes(kind) for kind in kinds)
        figures = {"digest": bytes.fromhex(program.digest[:16]), "frames": 4, "cycles": 5}
        names = {"version": 1, "window": 2, "frame_bytes": sizes[0], "result_bytes": sizes[1]}
        names["kept"] = 8
        self.info = Info(**{**names, **figures, "stalls": 6, **changes})
        self.kinds = kinds
        self.outgoing = b""
        self.closed = False

    def write(self, data):
        for packet in Decoder().feed(data):
            if packet.kind is Kind.HELLO:
                info = Packet(Kind.INFO, packet.session, Position(), self.info.pack())
                self.outgoing += encode(info)
            elif packet.kind is Kind.DATA:
                image = packet.position.image
                x = unpack(packet.payload, self.kinds[0])
                y = self.program.run(x[np.newaxis])["y"][0]
                self.outgoing += encode(Packet(Kind.ACK, packet.session, Position(image + 1)))
                for part in cut(Kind.RESULT, packet.session, image, pack(y, self.kinds[1])):
                    self.outgoing += encode(part)

    def read(self, timeout):
        data, self.outgoing = self.outgoing, b""
        return data

    def close(self):
        self.closed = True


def test_the_reference_gives_what_the_program_gives(program, images, tmp_path):
    save_program(program, tmp_path / "program.sangi")
    want = execute(program, images)
    with Accelerator.open("numpy:", tmp_path) as accelerator:
        outputs = accelerator.infer(images)
        assert outputs.keys() == {"scores"}
        np.testing.assert_array_equal(outputs["scores"], want["scores"])
        single = [each["scores"] for each in accelerator.map(iter(images))]
        np.testing.assert_array_equal(np.stack(single), want["scores"])
        assert accelerator.counters().frames == 2 * len(images)


def test_packets_give_what_the_program_gives(program, images):
    line = Line(program)
    with Accelerator(program, PacketDevice(program, line)) as accelerator:
        outputs = accelerator.infer(images)
        np.testing.assert_array_equal(outputs["scores"], execute(program, images)["scores"])
        counters = accelerator.counters()
        assert (counters.frames, counters.cycles, counters.stalls) == (4, 5, 6)
    assert line.closed


def test_a_circuit_of_another_program_is_refused(program):
    line = Line(program, digest=bytes.fromhex("0123456789abcdef"))
    message = f"must have the digest {program.digest[:16]}, not 0123456789abcdef"
    with pytest.raises(DeviceError, match=message):
        PacketDevice(program, line)
    assert line.closed


def test_a_circuit_of_other_sizes_is_refused(program):
    with pytest.raises(DeviceError, match="must have 32 and 20 bytes, not 33 and 20"):
        PacketDevice(program, Line(program, frame_bytes=33))


@pytest.mark.parametrize(
    ("low", "high"), [(0, 255), (-128, 127), (0, 1), (-300, 5), (0, 70_000), (-(2**30), 2**30)]
)
def test_elements_survive_packing(low, high):
    kind = TensorType((3, 5), low, high)
    values = np.random.default_rng(1).integers(low, high + 1, (3, 5))
    values.flat[:2] = low, high
    data = pack(values, kind)
    assert len(data) == packed_bytes(kind)
    again = unpack(data, kind)
    np.testing.assert_array_equal(again, values)
    assert again.dtype == kind.dtype


def test_devices_that_cannot_be_opened(program, images, tmp_path):
    with pytest.raises(UsageError, match=r"program\.sangi"):
        Accelerator.open("numpy:", tmp_path)
    save_program(program, tmp_path / "program.sangi")
    with pytest.raises(DeviceError, match="must be SCHEME:ADDRESS"):
        Accelerator.open("numpy", tmp_path)
    with pytest.raises(DeviceError, match=r"must begin with one of .*numpy:.*, not 'abacus'"):
        Accelerator.open("abacus:1", tmp_path)
    with pytest.raises(DeviceError, match="serial port /nonexistent/port cannot be opened"):
        Accelerator.open("uart:/nonexistent/port", tmp_path)
    accelerator = Accelerator.open("numpy:", tmp_path)
    with pytest.raises(DataError, match="images must be at least one"):
        accelerator.infer(images[:0])
    assert {"numpy", "uart", "sim"} <= set(schemes())


def test_a_serial_port_needs_pyserial(program, monkeypatch, tmp_path):
    save_program(program, tmp_path / "program.sangi")
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(ToolError, match="pip install pyserial"):
        Accelerator.open("uart:/dev/null", tmp_path)


def test_serial_addresses():
    assert parse_address("/dev/ttyUSB0") == ("/dev/ttyUSB0", 3_000_000)
    assert parse_address("COM3?baud=115200") == ("COM3", 115200)
    for address, message in (
        ("", "must name a port"),
        ("/dev/x?speed=3", "knows the option baud, not speed"),
        ("/dev/x?baud=fast", "baud must be a number above 0, not 'fast'"),
    ):
        with pytest.raises(DeviceError, match=message):
            parse_address(address)
