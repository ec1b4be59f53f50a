"""A compiled network on its board's whole top level: real bits over a pseudo-terminal."""

import json
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.run import run_build
from sangi.runtime.devices.accelerator import Accelerator

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
IMAGES = 100


def check(build):
    """Run images at the pins; all must be what the reference gives."""
    run = run_build(build, "sim:pins", DIGITS / "images.npz", frames=IMAGES)
    assert run.counters.frames == run.images == IMAGES
    assert len(run.differing) == 0
    assert run.accuracy == 0.96


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
def test_digits_at_the_pins_of_a_board(tmp_path):
    build = tmp_path / "build"
    compile_model(DIGITS / "digits_tiny.onnx", "icebreaker", out=build, target_fps=1000)
    check(build)
    # The clock of the simulation runs on while another program holds up the driver.
    assert max(share_of_the_line(build) for _ in range(3)) >= 0.9
