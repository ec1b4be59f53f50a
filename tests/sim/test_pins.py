"""A whole top level at its pins: real bits on a bad line, and a driver that never errs."""

import random
import shutil
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.circuit.shell import CoreShell, component_verilog
from sangi.compiler.project.line import write_line
from sangi.hdl.beat import Beat
from sangi.hdl.shell.uart.params import PortParams, ShellParams
from sangi.hdl.shell.uart.top import Top, plan_top
from sangi.runtime.devices.accelerator import Accelerator
from sangi.runtime.devices.packet_device import PacketDevice
from sangi.runtime.errors import BuildError, DeviceError
from sangi.runtime.host import execute
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.program import Input, Node, Output, Program
from sangi.runtime.protocol import INFO_BYTES, OVERHEAD, Decoder, encode
from sangi.runtime.store import save_program
from sangi.sim.pins import PRIMITIVES, Faults, PinsBoard, PinsTransport, line_of
from sangi.sim.verilator.tools import environment
from sangi.sim.verilator.tools import executable as verilator

ELEMENTS = 70  # two packets an image, three a result
CLOCK_MHZ, BAUD = 60.0, 7_500_000  # the fastest line: 8 cycles a bit of one clock
OWN_MHZ, OWN_BAUD = 23.75, 3_000_000  # the shell has the oscillator: 25/3 cycles a bit

# Element k of an image leaves as 3 x - k: an image that is shifted by an element is wrong.
CORE = f"""
module core(
  input clk, input rst,
  input [7:0] in0_payload, input in0_valid, output in0_ready,
  output reg signed [10:0] out0_payload, output reg out0_valid, input out0_ready
);
  reg [6:0] place;
  assign in0_ready = !out0_valid;
  always @(posedge clk) begin
    if (out0_ready) out0_valid <= 0;
    if (in0_valid && in0_ready) begin
      place <= place == {ELEMENTS - 1} ? 0 : place + 1;
      out0_valid <= 1;
      out0_payload <= 3 * $signed({{3'b0, in0_payload}}) - $signed({{4'b0, place}});
    end
    if (rst) begin
      place <= 0;
      out0_valid <= 0;
    end
  end
endmodule
"""


@pytest.fixture(scope="module")
def program():
    table = 3 * np.arange(256)[None] - np.arange(ELEMENTS)[:, None]
    lookup = Lookup(table, 0)
    image = TensorType((ELEMENTS,), 0, 255)
    return Program(
        name="places",
        inputs=(Input("x", "x", (ELEMENTS,), "N", "bytes"),),
        nodes=(Node("lookup", lookup, ("x",), "y"),),
        outputs=(Output("y", "y", np.array([1.0]), np.array([0.0])),),
        types={"x": image, "y": lookup.infer(image)},
        original_weights=0,
    )


@pytest.fixture(scope="module")
def build(program, tmp_path_factory):
    return make_build(tmp_path_factory.mktemp("build"), program, CLOCK_MHZ, BAUD)


@pytest.fixture(scope="module")
def own_clocks(program, tmp_path_factory):
    """A build whose shell and core have clocks of their own."""
    return make_build(tmp_path_factory.mktemp("own"), program, OWN_MHZ, OWN_BAUD)


def make_build(folder, program, clock_mhz, baud):
    ports = (
        PortParams(Beat(1, 8, False), ELEMENTS, 16),
        PortParams(Beat(1, 11, True), ELEMENTS, 8),
    )
    texts = {
        "rtl/core.v": CORE,
        "rtl/shell.v": component_verilog(CoreShell(ShellParams(*ports, program.digest)), "shell"),
        "project/top.v": component_verilog(Top(plan_top("ecp5", 25.0, clock_mhz, baud, 1)), "top"),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    board = load_board("ulx3s_85f")
    board.settings["uart"]["baud"] = baud
    write_line(board, clock_mhz, folder)
    save_program(program, folder / "program.sangi")
    return folder


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, ELEMENTS), dtype=np.uint8)


class Mangler:
    """A transport that repeats packets, also old ones, and puts garbage before and between them.

    What an earlier session sent is not repeated: its HELLO would open it again, and the driver
    would rightly report that the device has lost the one under way.

    Parameters
    ----------
    inner : Transport
    chance : float
        Of each fault, per packet sent and per piece received.
    """

    def __init__(self, inner, chance, seed):
        self.inner = inner
        self.chance = chance
        self.draw = random.Random(seed)
        self.session = 0
        self.sent, self.received = [], []
        self.decoder = Decoder()

    def spoil(self, data, earlier):
        before, after = b"", b""
        if self.draw.random() < self.chance:
            before = self.draw.randbytes(self.draw.randrange(1, 120))
        if self.draw.random() < self.chance:
            after = data
        if self.draw.random() < self.chance and earlier:
            before += self.draw.choice(earlier)
        return before + data + after

    def write(self, data):
        found = Decoder().feed(data)
        if any(packet.session != self.session for packet in found):
            self.session, self.sent = found[-1].session, []
        packets = [encode(packet) for packet in found]
        zeros = bytes(len(data) - sum(map(len, packets)))
        self.inner.write(zeros + b"".join(self.spoil(each, self.sent) for each in packets))
        self.sent = [*self.sent, *packets][-100:]

    def read(self, timeout):
        data = self.inner.read(timeout)
        if not data:
            return data
        self.received += [encode(packet) for packet in self.decoder.feed(data)]
        del self.received[:-100]
        return self.spoil(data, self.received)

    def close(self):
        self.inner.close()


class Board:
    """A simulated board that stays when its driver goes."""

    def __init__(self, program, build, faults=None):
        self.program = program
        self.pins = PinsBoard(build, faults)
        self.baud = line_of(build).baud
        self.drivers = []

    def drive(self, chance=0.0, seed=0):
        """Open a driver as after a restart: nothing of the one before is told."""
        transport = Mangler(PinsTransport(self.pins, self.baud), chance, seed)
        device = PacketDevice(self.program, transport, timeout=0.03, retries=60)
        return Accelerator(self.program, device)


@contextmanager
def board_of(program, build, faults=None):
    board = Board(program, build, faults)
    try:
        yield board
    finally:
        board.pins.close()


def run_all(board, x, *, chance=0.0, disturb=None, patience=40):
    """Run images until each has its result; whatever comes must be right.

    ``disturb(number)`` is called after each result; a failure, or True from it, starts a new driver
    with the images that have no result yet.

    Returns
    -------
    failures, opened : int
    """
    want = execute(board.program, x)["y"]
    done = failures = opened = 0
    while done < len(x):
        assert failures <= patience
        opened += 1
        try:
            accelerator = board.drive(chance, opened)
            for result in accelerator.map(iter(x[done:])):
                np.testing.assert_array_equal(result["y"], want[done])
                done += 1
                if disturb is not None and disturb(done):
                    break
        except DeviceError:
            failures += 1
    return failures, opened


def test_the_pins_equal_the_reference(program, build):
    x = images(100)
    with Accelerator.open("sim:pins", build) as accelerator:
        np.testing.assert_array_equal(accelerator.infer(x)["y"], execute(program, x)["y"])
        counters = accelerator.counters()
    assert counters.frames == 100
    bits = 10 * (2 * ELEMENTS + 3 * 16)
    assert counters.cycles > 100 * bits * CLOCK_MHZ * 1e6 / BAUD


BAD = {
    "inverted bits": (Faults(inverted=1e-4, seed=1), 0.0),
    "lost bytes": (Faults(lost=1e-3, seed=2), 0.0),
    "repeated packets and garbage": (None, 0.03),
    "everything": (Faults(inverted=1e-4, lost=3e-4, seed=3), 0.01),
}
"""The line, and the chance of what ``Mangler`` does."""


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_delays_and_never_changes_a_result(program, build, name):
    line, chance = BAD[name]
    with board_of(program, build, line) as board:
        failures, _ = run_all(board, images(80), chance=chance)
    assert failures == 0


def test_the_core_counts_in_its_own_clock(program, own_clocks):
    x = images(30)
    with Accelerator.open("sim:pins", own_clocks) as accelerator:
        np.testing.assert_array_equal(accelerator.infer(x)["y"], execute(program, x)["y"])
        before, after = accelerator.counters(), accelerator.counters()
    assert after.frames == 30
    assert after.cycles > 30 * 10 * 2 * ELEMENTS * OWN_MHZ * 1e6 / OWN_BAUD
    # Between them there is a question, and an answer that holds the counters.
    bits = 10 * (2 * OVERHEAD + INFO_BYTES)
    assert after.cycles - before.cycles > bits * OWN_MHZ * 1e6 / OWN_BAUD


def test_clocks_of_their_own_on_a_bad_line_and_a_bad_board(program, own_clocks):
    line = Faults(inverted=1e-4, lost=3e-4, seed=3)
    with board_of(program, own_clocks, line) as board:
        resets = every(20, 4, board.pins.reset)
        failures, opened = run_all(board, images(60), chance=0.01, disturb=resets)
    assert 1 <= failures == opened - 1


def every(count, seed, action):
    """Call ``action`` after every ``count`` results, more or less."""
    draw = random.Random(seed)
    following = [draw.randrange(count)]

    def disturb(number):
        if number < following[0]:
            return False
        following[0] = number + 1 + draw.randrange(2 * count)
        return action()

    return disturb


def test_a_board_that_is_reset_says_so_and_never_errs(program, build):
    with board_of(program, build) as board:
        failures, opened = run_all(board, images(120), disturb=every(20, 4, board.pins.reset))
    assert 2 <= failures == opened - 1


def test_a_driver_that_ends_in_mid_frame_leaves_nothing_behind(program, build):
    with board_of(program, build) as board:
        failures, opened = run_all(board, images(120), disturb=every(10, 5, lambda: True))
    assert failures == 0
    assert opened > 5


ENDLESS = """
import sys
from itertools import repeat
import numpy as np
from sangi.runtime.devices.accelerator import Accelerator

image = np.arange(int(sys.argv[3]), dtype=np.uint8)
with Accelerator.open(sys.argv[1], sys.argv[2]) as accelerator:
    for result in accelerator.map(repeat(image)):
        print("result", flush=True)
"""


def test_a_killed_driver_leaves_nothing_behind(program, build):
    x = images(20)
    with board_of(program, build) as board:
        url = f"uart:{board.pins.port}?baud={BAUD}"
        arguments = [sys.executable, "-c", ENDLESS, url, str(build), str(ELEMENTS)]
        for results in (1, 7):
            with subprocess.Popen(arguments, stdout=subprocess.PIPE) as killed:
                for _ in range(results):
                    assert killed.stdout.readline() == b"result\n"
                killed.kill()
            assert run_all(board, x) == (0, 1)


@pytest.mark.parametrize(
    "family, oscillator, variant",
    [("ice40", 12.0, "pad"), ("ice40", 12.0, ""), ("gowin", 27.0, "GW1N-9C")],
)
def test_every_pll_has_a_stand_in(family, oscillator, variant, tmp_path):
    top = Top(plan_top(family, oscillator, 48.0, 3_000_000, variant=variant))
    (tmp_path / "top.v").write_text(component_verilog(top, "top"))
    shell = (
        "module shell(input clk, core_clk, rst, rx_valid, tx_ready, input [7:0] rx_payload, output "
    )
    (tmp_path / "shell.v").write_text(
        f"{shell}rx_ready, tx_valid, output [7:0] tx_payload); endmodule"
    )
    program = verilator()
    files = [PRIMITIVES, tmp_path / "shell.v", tmp_path / "top.v"]
    command = [program, "--lint-only", "-Wno-lint", "-Wno-style", "--top-module", "top", *files]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_ten_thousand_frames_over_a_bad_line_and_a_bad_board(program, build):
    line = Faults(inverted=1e-4, lost=1e-4, seed=7)
    with board_of(program, build, line) as board:
        resets = every(400, 8, board.pins.reset)
        ends = every(300, 9, lambda: True)
        failures, opened = run_all(
            board,
            images(10_000),
            chance=0.003,
            disturb=lambda number: resets(number) or ends(number),
            patience=200,
        )
    assert failures > 5
    assert opened > 30


def test_a_build_without_a_serial_line_has_no_pins(program, build, tmp_path):
    save_program(program, tmp_path / "program.sangi")
    with pytest.raises(BuildError, match=r"must hold project/line\.json for sim:pins"):
        Accelerator.open("sim:pins", tmp_path)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "line.json").write_text('{"baud": 9600}')
    with pytest.raises(BuildError, match=r"must hold oscillator_hz, .*; compile the build again"):
        Accelerator.open("sim:pins", tmp_path)
    shutil.copy(build / "project" / "line.json", tmp_path / "project")
    with pytest.raises(BuildError, match=r"must hold project/top\.v"):
        Accelerator.open("sim:pins", tmp_path)
    with pytest.raises(DeviceError, match="must be sim: or sim:pins, not 'sim:needles'"):
        Accelerator.open("sim:needles", build)


def test_a_simulation_that_ends_is_reported(program, build):
    with board_of(program, build) as board:
        accelerator = board.drive()
        board.pins._process.kill()
        board.pins._process.wait()
        with pytest.raises(DeviceError, match=r"the simulation has ended|serial port .* failed"):
            accelerator.infer(images(3))
