"""One case: the program beside the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from sangi.compiler.frontend import load
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.host import apply, execute, prepare
from sangi.runtime.program import Program

from ...oracle.evaluate import evaluate
from ...oracle.numbers import exact
from .sketch import Case

#: Outputs are float64 products and sums of codes, scales and offsets.
FLOAT64 = 1e-13
#: ``execute`` gives them as float32.
FLOAT32 = 1e-6


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes
    ----------
    refusal : str or None
        Why the compiler did not take the model.
    ties : int
        Decisions of the oracle that fell on ties.
    """

    refusal: str | None
    ties: int


def check(case: Case, folder: Path) -> Outcome:
    """Compare all outputs of a case; a difference raises AssertionError."""
    path = folder / "net.onnx"
    path.write_bytes(case.model.SerializeToString())
    try:
        program = load(path, mean=case.mean, std=case.std)
    except UnsupportedError as error:
        return Outcome(str(error), 0)
    frames = frames_for(program, case)
    evaluations = [evaluate(case.model, normalized(case, frame[np.newaxis])) for frame in frames]
    images = channels_last(program, frames)
    outputs = real_outputs(program, images)
    floats = execute(program, images)
    for name, (got, size) in outputs.items():
        wanted = np.concatenate([evaluation.outputs[name] for evaluation in evaluations])
        assert got.shape == wanted.shape == floats[name].shape, (name, got.shape, wanted.shape)
        for index in np.ndindex(*wanted.shape):
            want = Fraction(wanted[index])
            far = abs(Fraction(float(got[index])) - want)
            assert far <= FLOAT64 * size, (name, index, float(want), got[index])
            far = abs(Fraction(float(floats[name][index])) - want)
            assert far <= FLOAT32 * size, (name, index, float(want), floats[name][index])
    return Outcome(None, sum(evaluation.ties for evaluation in evaluations))


def frames_for(program: Program, case: Case) -> np.ndarray:
    """Return the frames of a case; whole numbers 0…255 where the circuit takes bytes."""
    if program.inputs[0].kind == "bytes":
        return np.asarray(np.clip(np.rint(case.frames), 0, 255), dtype=np.float32)
    return case.frames


def normalized(case: Case, x: np.ndarray) -> np.ndarray:
    """Return what the model gets of a frame."""
    if case.mean is None or case.std is None:
        return x
    (mean,), (std,) = ((Fraction(repr(v)) for v in values) for values in (case.mean, case.std))
    return (exact(x) - mean) / std


def channels_last(program: Program, frames: np.ndarray) -> np.ndarray:
    """Return frames as the host takes them."""
    return frames.transpose(0, 2, 3, 1) if program.inputs[0].layout == "NCHW" else frames


def real_outputs(program: Program, images: np.ndarray) -> dict[str, tuple[np.ndarray, float]]:
    """Return every output in float64, and the size of what is added up in it."""
    tensors = program.run(*prepare(program, images))
    outputs = {}
    for out in program.outputs:
        codes = tensors[out.tensor].astype(np.float64)
        values = codes * out.scale + out.offset
        size = float((np.abs(codes * out.scale) + np.abs(out.offset)).max(initial=1e-300))
        for step in out.after:
            values = apply(step, values)
        # A limit may be larger than all that it limits.
        outputs[out.name] = values, max(size, float(np.abs(values).max()))
    return outputs
