"""A whole small network behind its packet shell, as ``sim:`` runs it."""

from dataclasses import replace

import numpy as np
import pytest

from sangi.compiler.circuit.shell import shell_params, write_shell
from sangi.compiler.circuit.verilog import write_rtl
from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.host import execute
from sangi.runtime.store import PROGRAM_FILE, save_program


def test_the_simulated_device_equals_the_reference(small, tmp_path):
    write_rtl(small, tmp_path / "rtl")
    write_shell(small, tmp_path / "rtl")
    save_program(small.program, tmp_path / PROGRAM_FILE)
    shape = small.program.types["x"].shape
    images = np.random.default_rng(3).integers(0, 256, (40, *shape), dtype=np.uint8)
    with Accelerator.open("sim:", tmp_path) as accelerator:
        outputs = accelerator.infer(images)
        frames = accelerator.counters().frames
    np.testing.assert_array_equal(outputs["scores"], execute(small.program, images)["scores"])
    assert frames == 40


def test_its_sizes_are_those_of_the_program(small):
    params = shell_params(small)
    assert params.source.frame_bytes == small.program.types["x"].elements
    assert params.sink.elements == small.program.types["scores"].elements
    assert params.digest_bytes.hex() == small.program.digest[:16]


def test_several_outputs_are_refused(small):
    streams = tuple(replace(s, target=None) if s.name == "s04" else s for s in small.streams)
    with pytest.raises(UnsupportedError, match="one input and one output, not 1 and 2"):
        shell_params(replace(small, streams=streams))
