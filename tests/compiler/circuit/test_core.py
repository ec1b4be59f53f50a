"""The small network in Verilator: every stream in every bit, and the model's cycles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.circuit.frames import random_frames
from sangi.compiler.circuit.probes import probes_of
from sangi.compiler.circuit.verilog import write_rtl
from sangi.compiler.mapping.design import Design
from sangi.sim.probe import pack
from sangi.sim.verilator.compare import compare
from sangi.sim.verilator.model import Model, Recording, build_model, run_model

FRAMES = 6


@pytest.fixture(scope="module")
def model(small: Design) -> Model:
    return Model(probes_of(small), ("s00",), ("s08",))


@pytest.fixture(scope="module")
def executable(small: Design, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("core")
    return build_model(model, write_rtl(small, folder / "rtl"), folder / "sim")


def record(executable: Path, model: Model, x: np.ndarray, **options: float) -> Recording:
    beats = pack(x, model.probe("s00").beat)
    return run_model(executable, model, [beats], len(x), bound=2000, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("stall", "seed"), [(0.0, 0), (0.3, 1), (0.8, 2)])
def test_every_stream_is_the_program_s_tensor(
    small: Design, model: Model, executable: Path, stall: float, seed: int
) -> None:
    (x,) = random_frames(small.program, FRAMES, seed)
    tensors = small.program.run(x)
    recording = record(executable, model, x, stall=stall, seed=seed)
    assert not recording.stuck
    streams = ((p, recording.beats[p.stream], tensors[p.tensor]) for p in model.probes)
    assert [str(difference) for difference in compare(streams)] == []


def test_cycles_are_the_model_s(small: Design, model: Model, executable: Path) -> None:
    (x,) = random_frames(small.program, FRAMES, 0)
    recording = record(executable, model, x)
    assert recording.cycles_per_frame == small.cycles_per_frame
    assert recording.latency_cycles == small.latency_cycles
    assert record(executable, model, x[:2]).cycles_per_frame is None


def test_stalls_follow_the_seed(small: Design, model: Model, executable: Path) -> None:
    (x,) = random_frames(small.program, 2, 0)
    runs = [record(executable, model, x, stall=0.5, seed=seed).cycles for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_a_fifo_that_is_too_short_stands_still(small: Design, model: Model, tmp_path: Path) -> None:
    # The detour around the convolution must hold more than a row.
    streams = tuple(replace(s, depth=2) if s.name == "s02" else s for s in small.streams)
    rtl = write_rtl(replace(small, streams=streams), tmp_path / "rtl")
    executable = build_model(model, rtl, tmp_path / "sim")
    (x,) = random_frames(small.program, 1, 0)
    recording = record(executable, model, x)
    assert recording.stuck
    assert recording.latency_cycles is None
    waiting = "\n".join(recording.waiting)
    assert "s02 after l00_fork: 0 of 20 beats, its target is not ready" in waiting
    assert "s08 after l06_dense_classify: 0 of 3 beats, its source gives nothing" in waiting
