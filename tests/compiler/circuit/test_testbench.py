"""The testbench that a build carries, copied away from everything else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sangi.compiler.circuit.testbench import write_testbench
from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.mapping.design import Design


@pytest.fixture(scope="module")
def written(small: Design, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    rtl = write_rtl(small, folder / "rtl")
    write_testbench(small, rtl, folder / "testbench", seed=3)
    return folder / "testbench"


def run_pytest(folder: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", str(folder), "-q"]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)


def test_manifest_lists_every_edge(written: Path, small: Design) -> None:
    manifest = json.loads((written / "manifest.json").read_text())
    assert [entry["stream"] for entry in manifest["streams"]] == [s.name for s in small.streams]
    conv = manifest["streams"][3]
    assert (conv["tensor"], conv["node"], conv["unit"]) == (
        "acc",
        "block/conv*/",
        "l01_conv_block_conv",
    )
    assert manifest["inputs"] == ["s00"]
    assert manifest["outputs"] == ["s08"]
    assert manifest["digest"] == small.program.digest


def test_same_design_same_bytes(written: Path, small: Design, tmp_path: Path) -> None:
    write_testbench(small, write_rtl(small, tmp_path / "rtl"), tmp_path / "testbench", seed=3)
    for path in sorted(written.rglob("*.*")):
        if path.is_file():
            assert (tmp_path / "testbench" / path.relative_to(written)).read_bytes() == (
                path.read_bytes()
            ), path


def test_copy_passes_and_a_changed_weight_is_found(written: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(written, tmp_path / "copy")
    before = {path.relative_to(copy) for path in copy.rglob("*")}
    done = run_pytest(copy, tmp_path)
    assert done.returncode == 0, done.stdout
    left = {path.relative_to(copy).parts[0] for path in copy.rglob("*")}
    assert left - {path.parts[0] for path in before} == {"sim_build"}

    layer = copy / "rtl" / "l01_conv_block_conv.v"
    text = layer.read_text()
    start = text.index("weights[4] = ")
    end = text.index(";", start)
    digit = int(text[end - 1], 16) ^ 1
    layer.write_text(f"{text[: end - 1]}{digit:x}{text[end:]}")
    done = run_pytest(copy, tmp_path)
    assert done.returncode == 1
    assert "layer l01_conv_block_conv (node block/conv*/, tensor acc, stream s03)" in done.stdout
    assert "is wrong at frame 0, row " in done.stdout
