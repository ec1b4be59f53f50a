"""``sangi compress`` killed at random moments goes on, and leaves the file of a run in one go."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest

from ..float_digits import images_and_classes, write_digits_model

pytestmark = [pytest.mark.slow, pytest.mark.ci, pytest.mark.torch]

TRAINED = 600
SANGI = "from sangi.compiler.cli.main import main; main()"


def started(folder: Path, out: str) -> subprocess.Popen[bytes]:
    """Start a compression that writes ``out`` beside its data."""
    options = ("--max-drop", "0.1", "--epochs", "8", "--shift", "1", "-o", out)
    return subprocess.Popen(
        [sys.executable, "-c", SANGI, "compress", "digits.onnx", "--train", "train.npz", *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def killed_after(
    process: subprocess.Popen[bytes], begun: Path, trainings: int, seconds: float
) -> bool:
    """Kill a process so long after so many trainings began; return whether it was still there."""
    while sum(path.stat().st_size for path in begun.glob("*.begun")) < trainings:
        if process.poll() is not None:
            return False
        time.sleep(0.002)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def test_three_kills_leave_the_same_bytes(tmp_path: Path) -> None:
    write_digits_model(tmp_path / "digits.onnx", TRAINED, (8, 16))
    x, y = images_and_classes()
    np.savez(tmp_path / "train.npz", x=x[:TRAINED], y=y[:TRAINED])
    assert started(tmp_path, "undisturbed.onnx").wait() == 0
    undisturbed = json.loads((tmp_path / "undisturbed.onnx.search" / "search.json").read_text())

    chance = random.Random(7)
    work = tmp_path / "killed.onnx.search"
    begun = 0
    for _ in range(3):
        begun += chance.randrange(1, 4)
        moment = chance.random() * 0.3
        assert killed_after(started(tmp_path, "killed.onnx"), work / "candidates", begun, moment)
        assert not (tmp_path / "killed.onnx").exists()
    assert started(tmp_path, "killed.onnx").wait() == 0

    assert (tmp_path / "killed.onnx").read_bytes() == (tmp_path / "undisturbed.onnx").read_bytes()
    onnx.checker.check_model(onnx.load(tmp_path / "killed.onnx"))
    resumed = json.loads((work / "search.json").read_text())
    for changing in ("seconds", "broken_off"):
        for document in (undisturbed, resumed):
            for part in (document, document["search"], *document["search"]["candidates"]):
                part.pop(changing, None)
    # Whatever was killed while it trained is counted once more.
    assert resumed.pop("trainings") >= undisturbed.pop("trainings")
    assert resumed == undisturbed
    names = {path.name for path in (tmp_path / "undisturbed.onnx.search").rglob("*")}
    assert {path.name for path in work.rglob("*")} == names
