"""A compiled network on its board's whole top level: real bits over a pseudo-terminal."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.compile import compile_model
from sangi.runtime.devices.accelerator import Accelerator
from sangi.sim.pins import Faults, PinsBoard, line_of

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
IMAGES = 100


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pins") / "build"
    compile_model(DIGITS / "digits_tiny.onnx", "icebreaker", out=folder, target_fps=1000)
    return folder


def run(build, device):
    """``sangi run`` as a process of its own; return what it left in run.json."""
    command = [sys.executable, "-c", "from sangi.compiler.cli.main import main; main()"]
    command += ["run", str(build), "--device", device, "--frames", str(IMAGES)]
    command += ["--images", str(DIGITS / "images.npz")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads((build / "results" / "run.json").read_text())


@pytest.mark.slow
@pytest.mark.ci
def test_every_image_is_right_at_the_pins(build):
    summary = run(build, "sim:pins")
    assert summary["images"] == summary["counters"]["frames"] == IMAGES
    assert summary["differing"] == []
    assert summary["accuracy"] == 0.96


@pytest.mark.slow
def test_every_image_is_right_on_a_bad_line(build):
    board = PinsBoard(build, Faults(inverted=1e-4, lost=3e-4, seed=5))
    try:
        summary = run(build, f"uart:{board.port}?baud={line_of(build).baud}")
    finally:
        board.close()
    assert summary["images"] == summary["counters"]["frames"] == IMAGES
    assert summary["differing"] == []


def share_of_the_line(build):
    """Return images per second as a share of what the line carries, over all 360 images."""
    report = json.loads((build / "report.json").read_text())
    images = np.load(DIGITS / "images.npz")["x"]
    with Accelerator.open("sim:pins", build) as accelerator:
        accelerator.infer(images[:1])
        before = accelerator.counters()
        accelerator.infer(images)
        after = accelerator.counters()
    assert after.frames - before.frames == len(images)
    seconds = (after.cycles - before.cycles) / (report["clock_mhz"] * 1e6)
    return len(images) / seconds / report["link_fps"]


@pytest.mark.slow
@pytest.mark.ci
def test_the_line_is_busy(build):
    # The clock of the simulation runs on while another program holds up the driver.
    assert any(share_of_the_line(build) >= 0.9 for _ in range(3))
