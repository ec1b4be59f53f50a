"""Simulating a build: two passes, the report, the kept executable, and what is wrong first."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.circuit.testbench import write_testbench
from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.mapping.design import Design
from sangi.compiler.report.report import make_report, write_report
from sangi.compiler.simulate import simulate
from sangi.runtime.errors import BuildError
from sangi.runtime.host import finish
from sangi.runtime.store import save_program


@pytest.fixture(scope="module")
def build(small: Design, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What simulate needs of a build."""
    folder = tmp_path_factory.mktemp("a build")
    save_program(small.program, folder / "program.sangi")
    rtl = write_rtl(small, folder / "rtl")
    write_testbench(small, rtl, folder / "testbench")
    write_report(folder, make_report(small, []))
    return folder


def test_random_frames_agree_and_fill_the_report(build: Path, small: Design) -> None:
    steps: list[str] = []
    result = simulate(build, frames=5, seed=2, progress=steps.append)
    assert (result.frames, result.tensors, result.mismatches) == (5, 9, 0)
    assert result.first is None
    assert result.equal == 1.0
    assert result.accuracy is None
    assert result.cycles_per_frame == small.cycles_per_frame
    assert result.latency_cycles == small.latency_cycles
    report = json.loads((build / "report.json").read_text())
    assert report["verification"] == {
        "frames": 5,
        "tensors": 9,
        "mismatches": 0,
        "cycles_per_frame": small.cycles_per_frame,
        "latency_cycles": small.latency_cycles,
    }
    assert {**report, "verification": None} == make_report(small, [])
    assert json.loads((build / "results" / "simulation.json").read_text())["equal"] == 1.0
    assert any("with stalls" in step for step in steps)


def test_images_give_an_accuracy(build: Path, small: Design, tmp_path: Path) -> None:
    x = np.random.default_rng(4).integers(0, 256, (8, 5, 4, 2), dtype=np.uint8)
    outputs = finish(small.program, small.program.run(x))["scores"]
    y = outputs.reshape(8, -1).argmax(axis=1)
    y[0] = (y[0] + 1) % 3
    np.savez(tmp_path / "images.npz", x=x, y=y)
    result = simulate(build, tmp_path / "images.npz", frames=4)
    assert (result.frames, result.mismatches, result.accuracy) == (4, 0, 0.75)


def test_fewer_than_3_frames_have_no_interval(build: Path) -> None:
    assert simulate(build, frames=2).cycles_per_frame is None


def test_the_executable_is_kept_and_a_change_makes_a_new_one(build: Path, small: Design) -> None:
    simulate(build, frames=1)
    kept = sorted((build / "results" / "sim").iterdir())
    layer = build / "rtl" / "l02_requantize.v"
    text = layer.read_text()
    layer.write_text(text.replace("multipliers[1] = ", "multipliers[1] = 1 ^ "))
    try:
        result = simulate(build, frames=3)
    finally:
        layer.write_text(text)
    assert result.mismatches > 0
    assert result.first is not None
    assert result.first.startswith("layer l02_requantize (node block/quant, tensor act")
    assert result.equal < 1
    assert len(list((build / "results" / "sim").iterdir())) == len(kept) + 1
    assert simulate(build, frames=1).mismatches == 0
    assert len(list((build / "results" / "sim").iterdir())) == len(kept) + 1


def test_results_that_cannot_be_written_are_refused(build: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(build, tmp_path / "copy", ignore=shutil.ignore_patterns("results"))
    (copy / "results").write_text("not a folder")
    with pytest.raises(BuildError, match="results must be a folder that can be written"):
        simulate(copy, frames=1)


def test_an_incomplete_build_is_refused(build: Path) -> None:
    manifest = build / "testbench" / "manifest.json"
    text = manifest.read_text()
    try:
        manifest.write_text(text.replace('"digest": "', '"digest": "0'))
        with pytest.raises(BuildError, match="must belong together"):
            simulate(build, frames=1)
        manifest.write_text(text.replace('"streams"', '"brooks"'))
        with pytest.raises(BuildError, match="must be the manifest that `sangi compile` wrote"):
            simulate(build, frames=1)
        manifest.write_text(text.replace("l05_pool_pool.v", "l05_puddle.v"))
        with pytest.raises(BuildError, match=r"l05_puddle\.v must be there"):
            simulate(build, frames=1)
    finally:
        manifest.write_text(text)
