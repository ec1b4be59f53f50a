"""A build's circuit in Verilator, every stream between two layers against the program."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..runtime.errors import BuildError
from ..runtime.host import finish, prepare
from ..runtime.ops.base import IntArray
from ..runtime.program import Program
from ..runtime.store import load_program
from ..sim.probe import Probe, pack, unpack
from ..sim.verilator.compare import Difference, compare
from ..sim.verilator.model import (
    Model,
    Recording,
    build_model,
    harness,
    run_model,
    visibility,
)
from .accuracy import differing, top1
from .circuit.frames import random_frames
from .images import read_images
from .report.report import read_report, write_report
from .steps import Progress

RANDOM_FRAMES = 4
"""Frames drawn where no images are given."""

STALL = 0.3
"""Chance per cycle that an outside stream stalls, in the second pass."""

MEMORY = 1 << 28
"""Bytes of transfers recorded at once, about."""


Tensors = dict[str, IntArray]


@dataclass(frozen=True)
class Verification:
    """What a simulation showed.

    Attributes
    ----------
    frames : int
        Frames simulated, in each of the two passes.
    tensors : int
        Streams compared: every edge of the circuit.
    mismatches : int
        Wrong elements, missing and surplus ones included, in both passes.
    cycles_per_frame : int or None
        Between the last output beats of the last two frames, without stalls from outside; None for
        fewer than 3 frames.
    latency_cycles : int or None
        From the first input beat to the last output beat of a frame that enters an empty pipeline;
        None if it never left.
    first : str or None
        The first wrong element: layer, frame, row, column, channel, expected and got.
    accuracy : float or None
        Top-1 of the circuit's outputs, 0 … 1; None without classes.
    equal : float
        Share of frames whose outputs equal the reference's, without stalls.
    """

    frames: int
    tensors: int
    mismatches: int
    cycles_per_frame: int | None
    latency_cycles: int | None
    first: str | None
    accuracy: float | None
    equal: float


def simulate(
    build: str | Path,
    images: str | Path | None = None,
    frames: int | None = None,
    seed: int = 0,
    *,
    progress: Progress | None = None,
) -> Verification:
    """Simulate the circuit of a build and compare every stream with the integer program.

    Two passes: without stalls from outside, which gives the cycles, then with seeded stalls at
    every outside stream. Sets ``verification`` in report.json and writes
    ``results/simulation.json``; the compiled circuit is kept in ``results/sim/``.

    Parameters
    ----------
    build : path
        Folder that ``compile`` wrote.
    images : path, optional
        .npz with ``x`` and, for the accuracy, ``y``; seeded random frames without it.
    frames : int, optional
        Only the first frames; without images how many are drawn (4).
    seed : int
        Of the stalls and random frames; at least 0.
    progress : callable, optional
        Called with the name of each step as it begins.

    Raises
    ------
    BuildError
        If the folder is not a complete build.
    UsageError, DataError
        If the images are missing or do not fit the model.
    ToolError
        If Verilator, g++, make or perl is missing or fails.
    """
    build = Path(build)
    begin = progress or _silent
    report = read_report(build)
    program = load_program(build / "program.sangi")
    model, sources = _read_manifest(build, program)
    y = None
    if images is None:
        inputs = random_frames(program, frames or RANDOM_FRAMES, seed)
    else:
        file = read_images(Path(images), frames)
        inputs, y = prepare(program, file.x), file.y
    results = _make_results(build)
    begin("build the simulation (Verilator, g++)")
    executable = compiled(model, sources, results / "sim")

    count = len(inputs[0])
    # At least 3 frames in a row, where there are as many: the interval shows only then.
    size = max(3, MEMORY // sum(probe.beats * probe.bytes for probe in model.probes))
    found: list[Difference] = []
    stuck: tuple[str, ...] = ()
    outputs: list[Tensors] = []
    expected: list[Tensors] = []
    timing: Recording | None = None
    for start in range(0, count, size):
        batch = tuple(array[start : start + size] for array in inputs)
        tensors = program.run(*batch)
        for stall in (0.0, STALL):
            kind = "with stalls" if stall else "without stalls"
            begin(f"simulate frames {start} to {start + len(batch[0]) - 1} {kind}")
            recording = _record(executable, model, batch, stall, seed + start, report)
            found += compare(
                (
                    (probe, recording.beats[probe.stream], tensors[probe.tensor])
                    for probe in model.probes
                ),
                start,
            )
            stuck = stuck or recording.waiting
            if not stall:
                timing = timing or recording
                outputs.append(_outputs(program, model, recording))
        expected.append({entry.tensor: tensors[entry.tensor] for entry in program.outputs})
    assert timing is not None

    begin("compare the outputs")
    got, want = (finish(program, _join(batches)) for batches in (outputs, expected))
    result = Verification(
        frames=count,
        tensors=len(model.probes),
        mismatches=sum(difference.count for difference in found),
        cycles_per_frame=timing.cycles_per_frame,
        latency_cycles=timing.latency_cycles,
        first=_first(found, stuck),
        accuracy=None if y is None else top1(got, y),
        equal=1 - len(differing(got, want)) / count,
    )
    summary = asdict(result)
    (results / "simulation.json").write_text(
        json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    wanted = ("frames", "tensors", "mismatches", "cycles_per_frame", "latency_cycles")
    write_report(build, {**report, "verification": {name: summary[name] for name in wanted}})
    return result


def compiled(model: Model, sources: Sequence[Path], folder: Path) -> Path:
    """Return the executable of a core, from ``folder`` where the same one was built before.

    Parameters
    ----------
    model : Model
    sources : sequence of Path
        Verilog files.
    folder : Path
        Holds one folder per circuit, named by the digest of its sources and harness.
    """
    digest = hashlib.sha256()
    for text in (harness(model), visibility(model)):
        digest.update(text.encode())
    for source in sources:
        digest.update(source.read_bytes())
    place = folder / digest.hexdigest()[:16]
    executable = place / "Vcore"
    return executable if executable.exists() else build_model(model, sources, place)


def _silent(step: str) -> None:
    """Take a step's name and do nothing with it."""


def _make_results(build: Path) -> Path:
    """Return the folder for what simulations leave behind."""
    folder = build / "results"
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BuildError(
            f"{folder} must be a folder that can be written, and is not ({error.strerror}); "
            "copy the build to another place"
        ) from error
    return folder


def _read_manifest(build: Path, program: Program) -> tuple[Model, list[Path]]:
    """Return the model that the testbench's manifest describes, and its Verilog files."""
    path = build / "testbench" / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        probes = tuple(Probe.from_json(entry) for entry in manifest["streams"])
        model = Model(probes, tuple(manifest["inputs"]), tuple(manifest["outputs"]))
        sources = [build / "rtl" / name for name in manifest["sources"]]
        digest = manifest["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BuildError(
            f"{path} must be the manifest that `sangi compile` wrote, and cannot be read "
            f"({error}); compile again"
        ) from error
    if digest != program.digest:
        raise BuildError(
            f"{build}: program.sangi and the testbench must belong together, and their digests "
            "differ; compile again"
        )
    for source in sources:
        if not source.is_file():
            raise BuildError(f"{source} must be there, and is not; compile again")
    return model, sources


def _record(
    executable: Path,
    model: Model,
    inputs: Sequence[IntArray],
    stall: float,
    seed: int,
    report: dict[str, Any],
) -> Recording:
    """Run one batch."""
    beats = [
        pack(values, model.probe(name).beat)
        for name, values in zip(model.inputs, inputs, strict=True)
    ]
    # A single firing is far shorter than a frame: nothing stands still for so long.
    bound = 10_000 + 2 * int(report["cycles_per_frame"])
    return run_model(executable, model, beats, len(inputs[0]), seed=seed, stall=stall, bound=bound)


def _outputs(program: Program, model: Model, recording: Recording) -> Tensors:
    """Return the circuit's outputs, one array (N, *shape) each; zeros where they never came."""
    tensors: Tensors = {}
    for name, entry in zip(model.outputs, program.outputs, strict=True):
        kind = program.types[entry.tensor]
        values = np.zeros(recording.frames * kind.elements, np.int64)
        got = unpack(recording.beats[name], model.probe(name).beat)[: len(values)]
        values[: len(got)] = got
        # What is wrong may lie outside the proved range.
        values = np.clip(values, kind.low, kind.high).astype(kind.dtype)
        tensors[entry.tensor] = values.reshape(recording.frames, *kind.shape)
    return tensors


def _join(batches: Sequence[Tensors]) -> Tensors:
    """Return the frames of all batches, one after the other."""
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def _first(found: Sequence[Difference], stuck: Sequence[str]) -> str | None:
    """Say what went wrong first, and where a circuit that stands still waits."""
    if not found:
        return None
    if not stuck:
        return str(found[0])
    return f"{found[0]}; the circuit stands still: {'; '.join(stuck[:4])}"
