"""The testbench that a build carries: Verilog, golden vectors and a cocotb bench."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np

from ..mapping.design import Design
from .frames import random_frames
from .ports import input_streams, output_streams
from .probes import probes_of

SCHEMA = 1
CYCLES = 40_000
"""About how many cycles of frames the golden vectors take: seconds in cocotb."""

COPIED = {"core_bench.py": "core_bench.py", "run_core.py": "test_core.py"}
"""Files of ``sim/bench`` and their names in the testbench."""


def write_testbench(design: Design, rtl: Sequence[Path], folder: Path, *, seed: int = 0) -> Path:
    """Write a self-contained testbench.

    It needs cocotb, numpy, pytest and Verilator, but not sangi, and nothing outside ``folder``.
    ``pytest`` builds the core there (into ``sim_build``), feeds it seeded random frames with random
    stalls at its outside streams, and checks every stream between two layers.

    Parameters
    ----------
    design : Design
    rtl : sequence of Path
        What ``write_rtl`` wrote.
    folder : Path
        Made if it does not exist. Takes ``rtl/``, ``manifest.json`` (stream, tensor, ONNX node,
        unit and beat of every edge), ``golden.npz`` (every tensor), ``bench.v``,
        ``core_bench.py`` and ``test_core.py``.
    seed : int
        Of the frames and stalls.

    Returns
    -------
    Path
        The manifest.
    """
    (folder / "rtl").mkdir(parents=True, exist_ok=True)
    for path in rtl:
        (folder / "rtl" / path.name).write_bytes(path.read_bytes())
    bench = files("sangi.sim.bench")
    for source, target in COPIED.items():
        (folder / target).write_bytes(bench.joinpath(source).read_bytes())
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    (folder / "bench.v").write_text(_bench(design), encoding="utf-8", newline="\n")

    probes = probes_of(design)
    frames = max(1, min(4, CYCLES // max(1, design.cycles_per_frame)))
    tensors = design.program.run(*random_frames(design.program, frames, seed))
    # One array per tensor, under the name of the first stream that carries it.
    golden = {probe.tensor: probe.stream for probe in reversed(probes)}
    arrays = {name: tensors[tensor] for tensor, name in sorted(golden.items(), key=_second)}
    np.savez_compressed(folder / "golden.npz", allow_pickle=False, **arrays)
    manifest = {
        "schema": SCHEMA,
        "model": design.program.name,
        "digest": design.program.digest,
        "frames": frames,
        "seed": seed,
        "cycles_per_frame": design.cycles_per_frame,
        "latency_cycles": design.latency_cycles,
        "bound": stall_bound(design.cycles_per_frame),
        "sources": [path.name for path in rtl],
        "inputs": [stream.name for stream in input_streams(design)],
        "outputs": [stream.name for stream in output_streams(design)],
        "streams": [{**probe.to_json(), "golden": golden[probe.tensor]} for probe in probes],
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return path


def stall_bound(cycles_per_frame: int) -> int:
    """Return how many cycles without any transfer are a deadlock: far more than a unit works."""
    return 10_000 + 2 * cycles_per_frame


def _second(item: tuple[str, str]) -> str:
    return item[1]


def _bench(design: Design) -> str:
    """Return the Verilog around the core."""
    template = files("sangi.sim.bench").joinpath("bench.v.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(template).render(
        inputs=[{"width": stream.beat.width} for stream in input_streams(design)],
        outputs=[{"width": stream.beat.width} for stream in output_streams(design)],
        streams=[{"name": stream.name, "width": stream.beat.width} for stream in design.streams],
    )
