"""A whole small network behind its AXI shell, as ``sim:`` runs it."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.circuit.axi_shell import axi_params, write_axi_shell
from sangi.compiler.circuit.verilog import write_rtl
from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.devices.axi_device import AxiDevice
from sangi.runtime.errors import DeviceError, UnsupportedError
from sangi.runtime.host import execute, prepare
from sangi.runtime.store import PROGRAM_FILE, save_program
from sangi.sim.axi import open_axi
from sangi.sim.device import open_device


@pytest.fixture(scope="module")
def build(small, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    write_rtl(small, folder / "rtl")
    write_axi_shell(small, folder / "rtl")
    save_program(small.program, folder / PROGRAM_FILE)
    return folder


@pytest.fixture
def device(small, build):
    opened = open_device("", build, small.program)
    assert isinstance(opened, AxiDevice)
    yield opened
    opened.close()


def images_of(design, count):
    shape = design.program.types["x"].shape
    return np.random.default_rng(3).integers(0, 256, (count, *shape), dtype=np.uint8)


def test_the_simulated_device_equals_the_reference(small, build):
    images = images_of(small, 300)
    with Accelerator.open("sim:", build) as accelerator:
        outputs = accelerator.infer(images)
        counters = accelerator.counters()
    np.testing.assert_array_equal(outputs["scores"], execute(small.program, images)["scores"])
    assert counters.frames == 300
    assert counters.cycles > 300


def test_the_core_is_busy_while_there_are_frames(small, device):
    link = device._link
    commands = []
    write, link._transport.write = link._transport.write, commands.append
    for (array,) in zip(*prepare(small.program, images_of(small, 100)), strict=True):
        link.send(device._framing.encode(array))
    link._transport.write = write
    # In one piece: however slow this process is, the circuit need not wait for it.
    write(b"".join(commands))
    assert all(link.receive(60.0) for _ in range(100))
    counters = device.counters()
    assert counters.frames == 100
    assert counters.busy >= 0.99 * counters.span > 0


def test_what_an_abandoned_run_leaves_behind_is_no_result_of_the_next(small, device):
    images = images_of(small, 40)
    frames = list(zip(*prepare(small.program, images), strict=True))
    expected = [small.program.run(*(array[None] for array in frame)) for frame in frames]
    tensor = small.program.outputs[0].tensor
    for start in (0, 7, 20):
        results = device.run(frames[start:])
        for (result,), tensors in zip(islice(results, 5), expected[start:], strict=False):
            np.testing.assert_array_equal(result, tensors[tensor][0])
        results.close()


def test_a_frame_that_ends_early_gives_no_result(small, device):
    (frame,) = next(zip(*prepare(small.program, images_of(small, 1)), strict=True))
    send = device._link.send
    device._link.send = lambda data: send(data[:-5])
    with pytest.raises(DeviceError, match="the result of frame 0 must be valid, and is not: the f"):
        list(device.run([(frame,)]))
    device._link.send = send
    assert len(list(device.run([(frame,)]))) == 1


def test_another_program_is_refused_with_both_digests(small, build):
    other = replace(small.program, name="another")
    assert other.digest != small.program.digest
    with pytest.raises(DeviceError) as caught:
        open_axi(build, other)
    assert small.program.digest[:16] in str(caught.value)
    assert other.digest[:16] in str(caught.value)


def test_the_verilog_begins_with_its_registers_and_is_the_same_again(small, build, tmp_path):
    text = (build / "rtl" / "axi_shell.v").read_text(encoding="utf-8")
    assert "// | 0x20 | CONTROL |" in text
    assert write_axi_shell(small, tmp_path).read_text(encoding="utf-8") == text


def test_its_sizes_are_those_of_the_program(small):
    params = axi_params(small)
    assert params.source.frame_bytes == small.program.types["x"].elements
    assert params.sink.elements == small.program.types["scores"].elements
    assert params.digest_bytes.hex() == small.program.digest[:16]


def test_several_outputs_are_refused(small):
    streams = tuple(replace(s, target=None) if s.name == "s04" else s for s in small.streams)
    with pytest.raises(UnsupportedError, match="one input and one output, not 1 and 2"):
        axi_params(replace(small, streams=streams))
