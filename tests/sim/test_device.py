"""The simulated device: a small core behind the real shell, compiled by Verilator."""

from dataclasses import replace

import numpy as np
import pytest

from sangi.compiler.circuit.shell import CoreShell, component_verilog
from sangi.hdl.beat import Beat
from sangi.hdl.shell.uart.params import PortParams, ShellParams
from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.errors import BuildError, DeviceError
from sangi.runtime.host import execute
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.dense import Dense
from sangi.runtime.program import Input, Node, Output, Program
from sangi.runtime.store import save_program
from sangi.sim.device import executable_of
from sangi.sim.pipe import PipeTransport

# Two inputs a, b of 8 bits, one after the other; one output a - 2 b.
CORE = """
module core(
  input clk, input rst,
  input [7:0] in0_payload, input in0_valid, output in0_ready,
  output reg signed [9:0] out0_payload, output reg out0_valid, input out0_ready
);
  reg second;
  assign in0_ready = !out0_valid;
  always @(posedge clk) begin
    if (out0_ready) out0_valid <= 0;
    if (in0_valid && in0_ready) begin
      second <= !second;
      out0_valid <= second;
      out0_payload <= second ? out0_payload - 2 * in0_payload : in0_payload;
    end
    if (rst) begin
      second <= 0;
      out0_valid <= 0;
    end
  end
endmodule
"""


@pytest.fixture(scope="module")
def program():
    dense = Dense(np.array([[1, -2]]))
    image = TensorType((2,), 0, 255)
    return Program(
        name="difference",
        inputs=(Input("x", "x", (2,), "N", "bytes"),),
        nodes=(Node("dense", dense, ("x",), "y"),),
        outputs=(Output("y", "y", np.array([1.0]), np.array([0.0])),),
        types={"x": image, "y": dense.infer(image)},
        original_weights=2,
    )


@pytest.fixture(scope="module")
def build(program, tmp_path_factory):
    folder = tmp_path_factory.mktemp("build")
    params = ShellParams(
        PortParams(Beat(1, 8, False), 2, 16), PortParams(Beat(1, 10, True), 1, 8), program.digest
    )
    (folder / "rtl").mkdir()
    (folder / "rtl" / "core.v").write_text(CORE)
    shell = component_verilog(CoreShell(params), "shell")
    (folder / "rtl" / "shell.v").write_text(shell)
    save_program(program, folder / "program.sangi")
    return folder


def test_the_simulation_equals_the_reference(program, build):
    images = np.random.default_rng(2).integers(0, 256, (300, 2), dtype=np.uint8)
    with Accelerator.open("sim:", build) as accelerator:
        outputs = accelerator.infer(images)
        counters = accelerator.counters()
    np.testing.assert_array_equal(outputs["y"], execute(program, images)["y"])
    assert counters.frames == 300
    assert counters.cycles > 300 * 3


def test_it_is_compiled_once(build):
    executable = executable_of(build)
    before = executable.stat().st_mtime_ns
    assert executable_of(build) == executable
    assert executable.stat().st_mtime_ns == before


def test_a_circuit_of_another_program_is_refused(program, build, tmp_path):
    (tmp_path / "rtl").symlink_to(build / "rtl")
    (tmp_path / "results").symlink_to(build / "results")
    (node,) = program.nodes
    changed = Node(node.name, Dense(np.array([[1, -1]])), node.inputs, node.output)
    other = replace(program, nodes=(changed,))
    save_program(other, tmp_path / "program.sangi")
    message = f"must have the digest {other.digest[:16]}, not {program.digest[:16]}"
    with pytest.raises(DeviceError, match=message):
        Accelerator.open("sim:", tmp_path)


def test_a_process_that_has_ended_is_reported(build):
    transport = PipeTransport(executable_of(build))
    transport.close()
    with pytest.raises(DeviceError, match="has ended"):
        transport.read(0.1)
    with pytest.raises(DeviceError, match="has ended"):
        transport.write(b"x")


def test_what_cannot_be_opened(program, build, tmp_path):
    save_program(program, tmp_path / "program.sangi")
    with pytest.raises(BuildError, match=r"must hold rtl/shell\.v"):
        Accelerator.open("sim:", tmp_path)
    with pytest.raises(DeviceError, match="must be sim: or sim:pins, not 'sim:fast'"):
        Accelerator.open("sim:fast", build)
