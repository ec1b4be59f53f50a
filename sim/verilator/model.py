"""The compiled core: a C++ model of the circuit that records every transfer of every stream."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import jinja2
import numpy as np

from ...runtime.errors import ToolError
from ..probe import Bytes, Probe
from .build import verilate

TOP = "core"
STALL_SCALE = 1 << 16


@dataclass(frozen=True)
class Model:
    """A core that Verilator compiles.

    Attributes
    ----------
    probes : tuple of Probe
        Every stream, in topological order.
    inputs, outputs : tuple of str
        The streams behind the ports ``in0`` … and ``out0`` …, in the order of the ports.
    """

    probes: tuple[Probe, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def probe(self, stream: str) -> Probe:
        """Return the probe of a stream."""
        return next(probe for probe in self.probes if probe.stream == stream)


@dataclass(frozen=True, eq=False)
class Recording:
    """What one run of a model recorded.

    Attributes
    ----------
    frames, cycles : int
        Frames fed, and cycles until the last transfer (a few more).
    first_in, last_out : tuple of int
        For every frame the cycle of its first input beat and of its last output beat; -1 where it
        did not happen.
    beats : mapping of stream to uint8 (transfers, probe.bytes)
    stuck : bool
        Whether nothing moved any more before every stream had all its frames.
    waiting : tuple of str
        If stuck: what every unfinished stream waits for.
    """

    frames: int
    cycles: int
    first_in: tuple[int, ...]
    last_out: tuple[int, ...]
    beats: Mapping[str, Bytes]
    stuck: bool
    waiting: tuple[str, ...]

    @property
    def cycles_per_frame(self) -> int | None:
        """Distance of the last output beats of the last two frames; None for fewer than 3."""
        if self.frames < 3 or self.stuck:
            return None
        return self.last_out[-1] - self.last_out[-2]

    @property
    def latency_cycles(self) -> int | None:
        """From the first input beat to the last output beat of the first frame.

        The pipeline is empty when that frame enters, and what follows a frame cannot delay it.
        """
        return None if self.last_out[0] < 0 else self.last_out[0] - self.first_in[0]


def harness(model: Model) -> str:
    """Return the text of the C++ program around the core."""
    template = files(__package__).joinpath("harness.cpp.jinja").read_text(encoding="utf-8")
    index = {probe.stream: place for place, probe in enumerate(model.probes)}

    def ports(streams: tuple[str, ...], prefix: str) -> list[dict[str, object]]:
        return [
            {
                "port": f"{prefix}{number}",
                "index": index[stream],
                "bytes": model.probe(stream).bytes,
                "beats": model.probe(stream).beats,
            }
            for number, stream in enumerate(streams)
        ]

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(template).render(
        top=TOP,
        streams=[
            {"name": probe.stream, "bytes": probe.bytes, "beats": probe.beats}
            for probe in model.probes
        ],
        inputs=ports(model.inputs, "in"),
        outputs=ports(model.outputs, "out"),
    )


def visibility(model: Model) -> str:
    """Return the Verilator configuration that lets C++ read the signals of every stream."""
    lines = ["`verilator_config"]
    for probe in model.probes:
        for signal in ("valid", "ready", "payload"):
            lines.append(f'public_flat_rd -module "{TOP}" -var "{probe.stream}_{signal}"')
    return "\n".join(lines) + "\n"


def build_model(
    model: Model, sources: Sequence[Path], folder: Path, *, log: Path | None = None
) -> Path:
    """Compile the core with its harness into ``folder``; return the executable.

    Raises
    ------
    ToolError
        See ``verilate``.
    """
    return verilate(TOP, sources, harness(model), folder, vlt=visibility(model), log=log)


def run_model(
    executable: Path,
    model: Model,
    inputs: Sequence[Bytes],
    frames: int,
    *,
    seed: int = 0,
    stall: float = 0.0,
    bound: int = 200_000,
) -> Recording:
    """Run frames through a compiled core.

    Parameters
    ----------
    executable : Path
        From ``build_model``.
    model : Model
    inputs : sequence of uint8 (frames * beats, bytes)
        The transfers of every input.
    frames : int
        At least 1.
    seed : int
        Of the stalls; not negative.
    stall : float
        Chance per cycle that an outside stream stalls, 0 … 1 (excluded).
    bound : int
        Cycles without any transfer that count as a deadlock.

    Raises
    ------
    ToolError
        If the executable fails.
    """
    with tempfile.TemporaryDirectory(prefix="sangi-sim-") as name:
        folder = Path(name)
        for number, beats in enumerate(inputs):
            beats.tofile(folder / f"in{number}.bin")
        record = folder / "record.json"
        chance = round(stall * STALL_SCALE)
        arguments = [frames, seed, chance, bound, folder, folder, record]
        done = subprocess.run(
            [str(executable), *map(str, arguments)], capture_output=True, text=True
        )
        if done.returncode:
            raise ToolError(
                f"the compiled circuit ended with exit code {done.returncode}: "
                f"{done.stderr.strip()[-400:]}"
            )
        result = json.loads(record.read_text(encoding="utf-8"))
        beats_of = {
            probe.stream: np.fromfile(folder / f"{probe.stream}.bin", dtype=np.uint8).reshape(
                -1, probe.bytes
            )
            for probe in model.probes
        }
    return Recording(
        frames=frames,
        cycles=result["cycles"],
        first_in=tuple(result["first_in"]),
        last_out=tuple(result["last_out"]),
        beats=beats_of,
        stuck=result["stuck"],
        waiting=_waiting(model, result["streams"], frames) if result["stuck"] else (),
    )


def _waiting(
    model: Model, streams: Mapping[str, Mapping[str, int]], frames: int
) -> tuple[str, ...]:
    """Say what every unfinished stream waits for, in topological order."""
    words = []
    for probe in model.probes:
        state = streams[probe.stream]
        if state["beats"] < probe.beats * frames:
            cause = "its target is not ready" if state["valid"] else "its source gives nothing"
            words.append(
                f"{probe.stream} after {probe.unit}: "
                f"{state['beats']} of {probe.beats * frames} beats, {cause}"
            )
    return tuple(words)
