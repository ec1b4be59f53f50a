"""The digits networks from ONNX to the simulated circuit."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

DIGITS = Path(__file__).parents[3] / "examples" / "digits"
IMAGES = DIGITS / "images.npz"
Command = Callable[..., subprocess.CompletedProcess[str]]

FIELDS = {
    *("schema", "model", "board", "part", "clock_mhz", "cycles_per_frame", "latency_cycles"),
    *("fps", "link_fps", "macs_per_frame", "digest", "resources", "layers", "host", "bits"),
    *("fifos", "dataflow", "steps", "verification", "fmax_mhz", "timing_met"),
}
LAYER_FIELDS = {
    *("name", "node", "op", "engine", "folding", "cycles", "macs", "weights", "nonzeros"),
    *("weight_bits", "activation_bits", "utilization", "resources", "choice"),
}


def compile_digits(run_sangi: Command, name: str, out: Path) -> None:
    done = run_sangi("compile", DIGITS / f"{name}.onnx", "--board", "ulx3s_85f", "-o", out)
    assert done.returncode == 0, done.stderr
    assert "cycles per frame" in done.stdout
    assert "block RAM" in done.stdout


def read(build: Path) -> dict[str, object]:
    report: dict[str, object] = json.loads((build / "report.json").read_text())
    return report


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory, run_sangi: Command) -> Path:
    build = tmp_path_factory.mktemp("int8") / "build"
    compile_digits(run_sangi, "digits_int8", build)
    return build


@pytest.fixture
def int8_build(tmp_path: Path, compiled: Path) -> Path:
    """A copy of one build, which a test may change."""
    return Path(shutil.copytree(compiled, tmp_path / "build"))


def test_the_report_is_complete(int8_build: Path) -> None:
    report = json.loads((int8_build / "report.json").read_text())
    assert set(report) == FIELDS
    assert report["model"] == "digits_int8"
    assert report["board"] == "ulx3s_85f"
    assert report["verification"] is None
    assert report["fps"] == pytest.approx(
        report["clock_mhz"] * 1e6 / report["cycles_per_frame"], rel=1e-3
    )
    # 16·9 + 2·16·16·9 on 8×8 pixels, 32·16·9 on 4×4, 10·32.
    macs = (16 * 9 + 2 * 16 * 16 * 9) * 64 + 32 * 16 * 9 * 16 + 320
    weights = 16 * 9 + 2 * 16 * 16 * 9 + 32 * 16 * 9 + 320
    assert report["macs_per_frame"] == macs
    assert sum(layer["weights"] for layer in report["layers"]) == weights
    assert report["bits"]["float32"] == 32 * weights
    assert report["bits"]["dense"] == 8 * weights
    assert 0 < report["bits"]["nonzero"] <= report["bits"]["dense"]
    assert all(set(layer) == LAYER_FIELDS for layer in report["layers"])
    assert {layer["op"] for layer in report["layers"]} >= {"Conv", "Add", "MaxPool", "Dense"}
    assert set(report["resources"]) == {"lut", "ff", "bram", "dsp"}
    for entry in report["resources"].values():
        assert 0 < entry["used"] <= entry["available"]
        assert entry["source"] == "model"
    files = [path.stem for path in (int8_build / "rtl").glob("l*.v")]
    assert {layer["name"] for layer in report["layers"]} == set(files)


def test_simulation_agrees_in_bits_and_cycles(int8_build: Path, run_sangi: Command) -> None:
    done = run_sangi("simulate", int8_build, "--images", IMAGES, "--frames", 3)
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    report = read(int8_build)
    verification = report["verification"]
    assert isinstance(verification, dict)
    assert verification["frames"] == 3
    assert verification["mismatches"] == 0
    assert verification["tensors"] == len(
        json.loads((int8_build / "testbench" / "manifest.json").read_text())["streams"]
    )
    assert verification["cycles_per_frame"] == report["cycles_per_frame"]
    assert verification["latency_cycles"] == report["latency_cycles"]


@pytest.mark.slow
@pytest.mark.ci
def test_the_simulated_device_equals_the_reference(int8_build: Path, run_sangi: Command) -> None:
    outputs = {}
    for device in ("numpy", "sim"):
        file = int8_build.parent / f"{device}.npz"
        done = run_sangi(
            *("run", int8_build, "--device", f"{device}:", "--images", IMAGES),
            *("--frames", 100, "--out", file),
        )
        assert done.returncode == 0, done.stderr
        assert "accuracy" in done.stdout
        outputs[device] = dict(np.load(file))
    assert outputs["numpy"].keys() == outputs["sim"].keys() == {"logits"}
    assert outputs["numpy"]["logits"].shape == (100, 10)
    assert np.array_equal(outputs["numpy"]["logits"], outputs["sim"]["logits"])


def test_run_writes_what_the_model_gives(
    tmp_path: Path, run_sangi: Command, tiny_build: Path
) -> None:
    build = shutil.copytree(tiny_build, tmp_path / "build")
    file = tmp_path / "y.npz"
    done = run_sangi("run", build, "--device", "numpy:", "--images", IMAGES, "--out", file)
    assert done.returncode == 0, done.stderr
    logits = np.load(file)["logits"]
    assert logits.dtype == np.float32
    labels = np.load(IMAGES)["y"]
    assert np.mean(logits.argmax(axis=1) == labels) > 0.94
    assert json.loads((build / "results" / "run.json").read_text())["images"] == 360
