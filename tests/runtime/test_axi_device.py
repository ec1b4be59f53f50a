"""The driver of the AXI shell against an imitation of the shell that can misbehave."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
import pytest

from sangi.runtime.devices.axi_device import AxiDevice
from sangi.runtime.errors import DeviceError
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.dense import Dense
from sangi.runtime.program import Input, Node, Output, Program
from sangi.runtime.registers import (
    ABORTED,
    CONTROL,
    IDENT,
    OVERLONG_FRAME,
    SHORT_FRAME,
    STATUS,
    VERSION,
    Trailer,
    register,
)

WORD = 4
FRAMES = [(np.array([a, 7 * a % 256]),) for a in range(20)]


def make_program() -> Program:
    """Two bytes a, b to one result a - 2 b."""
    image = TensorType((2,), 0, 255)
    dense = Dense(np.array([[1, -2]]))
    return Program(
        name="difference",
        inputs=(Input("x", "x", (2,), "N", "bytes"),),
        nodes=(Node("dense", dense, ("x",), "y"),),
        outputs=(Output("y", "y", np.array([1.0]), np.array([0.0])),),
        types={"x": image, "y": dense.infer(image)},
        original_weights=2,
    )


class Imitation:
    """A link to a shell that computes at once; ``spoil`` may change results, None loses one."""

    slots = 4

    def __init__(self, program: Program) -> None:
        digest = bytes.fromhex(program.digest[:16])
        self.words = {
            register("IDENT").offset: IDENT,
            register("VERSION").offset: VERSION,
            register("DIGEST_LOW").offset: int.from_bytes(digest[:4], "little"),
            register("DIGEST_HIGH").offset: int.from_bytes(digest[4:], "little"),
            register("FRAME_BYTES").offset: 2,
            register("RESULT_BYTES").offset: 2,
            register("STREAM").offset: WORD << 8 | WORD,
            register("CYCLES").offset: 5,
            register("CYCLES").offset + 4: 1,
        }
        self.spoil: Callable[[int, bytes], bytes | None] = lambda number, data: data
        self.results: deque[bytes] = deque()
        self.number = self.under_way = self.most = self.resets = 0
        self.closed = False

    def set(self, name: str, value: int) -> None:
        self.words[register(name).offset] = value

    def read(self, offset: int) -> int:
        return self.words.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        assert offset == CONTROL.offset
        if value & CONTROL.field("reset").mask:
            self.number = self.under_way = 0
            self.resets += 1

    def send(self, frame: bytes) -> None:
        assert len(frame) == WORD
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        result = (frame[0] - 2 * frame[1]).to_bytes(2, "little", signed=True)
        data = result.ljust(WORD, b"\0") + Trailer(self.number).pack()
        spoiled = self.spoil(self.number, data)
        if spoiled is not None:
            self.results.append(spoiled)
        self.number += 1

    def receive(self, timeout: float) -> bytes | None:
        self.under_way -= 1
        return self.results.popleft() if self.results else None

    def restart(self) -> None:
        self.results.clear()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def program() -> Program:
    return make_program()


@pytest.fixture
def link(program) -> Imitation:
    return Imitation(program)


def results_of(device, frames=FRAMES, ahead=None):
    return [int(result[0]) for (result,) in device.run(frames, ahead)]


def expected(frames=FRAMES):
    return [int(frame[0]) - 2 * int(frame[1]) for (frame,) in frames]


@pytest.mark.parametrize(("ahead", "most"), [(None, 4), (2, 2), (9, 4)])
def test_results_come_in_order_with_frames_ahead(program, link, ahead, most):
    device = AxiDevice(program, link)
    assert results_of(device, ahead=ahead) == expected()
    assert link.most == most


def test_a_run_that_is_left_early_is_forgotten(program, link):
    device = AxiDevice(program, link)
    results = device.run(FRAMES)
    next(results)
    results.close()
    assert results_of(device, FRAMES[5:]) == expected(FRAMES[5:])
    assert link.resets == 2
    assert results_of(device) == expected()
    assert link.resets == 2  # the run before was not left early


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (SHORT_FRAME, "the frame ended too early"),
        (OVERLONG_FRAME, "the frame did not end in time"),
        (ABORTED, "a reset cut it"),
    ],
)
def test_a_marked_result_is_refused(program, link, flags, reason):
    device = AxiDevice(program, link)
    link.spoil = lambda n, data: data[:WORD] + Trailer(n, flags if n == 3 else 0).pack()
    with pytest.raises(DeviceError, match=f"the result of frame 3 must be valid, .*: {reason}"):
        results_of(device)
    link.spoil = lambda n, data: data
    assert results_of(device) == expected()


def test_a_result_of_another_frame_is_refused(program, link):
    device = AxiDevice(program, link)
    link.spoil = lambda n, data: None if n == 2 else data
    with pytest.raises(DeviceError, match="the next result must be that of frame 2, not 3"):
        results_of(device)


def test_a_result_of_another_length_is_refused(program, link):
    device = AxiDevice(program, link)
    link.spoil = lambda n, data: data[WORD:]
    with pytest.raises(DeviceError, match="the result of frame 0 must have 8 bytes, not 4"):
        results_of(device)


def test_a_result_that_does_not_come_is_told_with_what_was_sent(program, link):
    device = AxiDevice(program, link, timeout=2)
    link.spoil = lambda n, data: None
    link.set("FRAMES", 3)
    with pytest.raises(DeviceError, match=r"frame 0 must come within 2 s, and has not; 4 frames w"):
        results_of(device)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("IDENT", 0, "register IDENT must be 0x69676e73, not 0x00000000: no circuit of sangi"),
        ("VERSION", 9, f"registers must have version {VERSION}, not 9"),
        ("DIGEST_HIGH", 0, "the circuit's program must have the digest [0-9a-f]{16}, not [0-9a-f]"),
        ("FRAME_BYTES", 3, "frames and results must have 2 and 2 bytes, not 3 and 2"),
    ],
)
def test_another_circuit_is_refused(program, link, name, value, message):
    link.set(name, value)
    with pytest.raises(DeviceError, match=message):
        AxiDevice(program, link)
    assert link.closed


def test_a_core_without_a_clock_is_named(program, link):
    link.set("STATUS", STATUS.field("resetting").mask)
    with pytest.raises(DeviceError, match=r"leave its reset within 0\.1 s, .* its clock does not"):
        AxiDevice(program, link, timeout=0.1)
    assert link.closed
    link.set("STATUS", 0)
    device = AxiDevice(program, link, timeout=0.1)
    link.set("CONTROL", CONTROL.field("capture").mask)
    with pytest.raises(DeviceError, match="the core must copy its counters within"):
        device.counters()


def test_counters_of_two_registers_are_one_number(program, link):
    device = AxiDevice(program, link)
    link.set("RESULTS", 4)
    counters = device.counters()
    assert (counters.frames, counters.cycles, counters.stalls) == (4, (1 << 32) + 5, 0)
    link.set("SPAN", 10)
    link.set("BUSY", 9)
    assert (device.counters().span, device.counters().busy) == (10, 9)
