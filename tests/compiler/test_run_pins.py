"""A compiled network on its board's whole top level: real bits over a pseudo-terminal."""

from pathlib import Path

import pytest

from sangi.compiler.compile import compile_model
from sangi.compiler.run import run_build

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
IMAGES = 100


def check(build):
    """Run images at the pins; all must be what the reference gives, and the line must be busy."""
    run = run_build(build, "sim:pins", DIGITS / "images.npz", frames=IMAGES)
    assert run.frames == run.images == IMAGES
    assert len(run.differing) == 0
    assert run.accuracy == 0.96
    # Per image the host sends a packet of 64 bytes and an ACK; 12 cycles a bit.
    bytes_sent = (64 + 16) + 16
    assert IMAGES * bytes_sent * 10 * 12 > 0.9 * run.cycles


@pytest.mark.slow
@pytest.mark.ci
def test_digits_at_the_pins_of_a_board(tmp_path):
    build = tmp_path / "build"
    compile_model(DIGITS / "digits_tiny.onnx", "icebreaker", out=build, target_fps=1000)
    check(build)
