"""``sangi compress`` from files to a file, and what it refuses before it trains."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sangi.compiler.accuracy import top1
from sangi.compiler.frontend import load
from sangi.runtime.host import execute

from ..float_digits import images_and_classes, write_digits_model

Command = Callable[..., subprocess.CompletedProcess[str]]

TRAINED = 1200


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a float model of random filters, and training and test data."""
    folder = tmp_path_factory.mktemp("digits")
    x, y = images_and_classes()
    write_digits_model(folder / "digits.onnx", TRAINED)
    who = np.arange(TRAINED) // 4
    np.savez(folder / "train.npz", x=x[:TRAINED], y=y[:TRAINED], who=who)
    np.savez(folder / "test.npz", x=x[TRAINED:], y=y[TRAINED:])
    return folder


@pytest.mark.torch
def test_a_small_model_its_record_and_its_picture(
    digits: Path, tmp_path: Path, run_sangi: Command
) -> None:
    out = tmp_path / "small.onnx"
    arguments = (
        *("compress", digits / "digits.onnx", "--train", digits / "train.npz", "-o", out),
        *("--test", digits / "test.npz", "--group", "who", "--max-drop", "0.2"),
        *("--stages", "iq,dc", "--epochs", "2", "--final-epochs", "2"),
    )
    done = run_sangi(*arguments, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    assert "DEFLATEd" in done.stdout
    assert "trainings" in done.stdout
    assert "iq  " in done.stderr
    work = tmp_path / "small.onnx.search"
    assert (work / "search.png").exists()
    record = json.loads((work / "search.json").read_text())
    assert record["sizes"]["ratios"]["dense"] > 4
    with np.load(digits / "test.npz") as test:
        found = top1(execute(load(out), test["x"]), test["y"])
    assert found == pytest.approx(record["accuracies"]["test"], abs=1e-12)

    first = out.read_bytes()
    again = run_sangi(*arguments, "--json", OMP_NUM_THREADS="1")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["trainings"] == record["trainings"]
    assert "stored" in again.stderr
    assert out.read_bytes() == first


@pytest.mark.torch
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"y": np.arange(TRAINED) % 11},
            "train labels must be classes from 0 to 9, as the first output has 10 elements, not 10",
        ),
        (
            {"x": np.full((TRAINED, 8, 8), np.nan, np.float32)},
            "x must be finite numbers, and image 0 has NaN or infinity",
        ),
    ],
)
def test_bad_data_are_refused_before_anything_is_trained(
    digits: Path, tmp_path: Path, run_sangi: Command, change: dict[str, Any], message: str
) -> None:
    with np.load(digits / "train.npz") as sound:
        np.savez(tmp_path / "bad.npz", **{**sound, **change})
    done = run_sangi(
        *("compress", digits / "digits.onnx", "--train", tmp_path / "bad.npz"),
        *("--max-drop", "0.1", "-o", tmp_path / "small.onnx"),
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.npz"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "exactly one of target_accuracy and max_drop must be given, not none"),
        (("--max-drop", "0.1", "--stages", "iq,x"), "stages must be some of iq,ns,dc, not 'iq,x'"),
        (("--max-drop", "0.1", "--weights", "octal"), "--weights"),
        (("--max-drop", "0.1", "--floor", "2"), "floor must be above 0 and at most 1, not 2"),
        (("--max-drop", "0.1", "--metric", "math:f"), "must be a function, and math has no f()"),
        (("--max-drop", "0.1", "--mean", "a"), "--mean"),
    ],
)
def test_wrong_options_exit_with_2(
    tmp_path: Path, run_sangi: Command, options: tuple[str, ...], message: str
) -> None:
    # Options are looked at before files are.
    for name in ("net.onnx", "train.npz"):
        (tmp_path / name).write_bytes(b"")
    done = run_sangi(
        *("compress", "net.onnx", "--train", "train.npz", "-o", "small.onnx", *options),
        cwd=tmp_path,
    )
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx", "train.npz"]
