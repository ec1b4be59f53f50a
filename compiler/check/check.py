"""From a model file and images to the comparison of its program with the original."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.host import arrange, prepare
from ...runtime.program import Program
from ..frontend import Data, load
from ..ir.graph import Graph
from ..onnx_io.read.inputs import with_input_shape
from ..onnx_io.read.model import open_model
from ..passes.base import Pass
from ..passes.quantizers import is_quantized
from .compare import Subject, compare
from .oracle import Oracle, open_oracle, tensors_of
from .pairs import Values, coded_pairs, every_origin, output_pairs
from .results import Check

Array = npt.NDArray[Any]


def check_model(
    path: str | Path,
    images: Array,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    data: Data | None = None,
    note: Callable[[str], None] | None = None,
) -> Check:
    """Compare a model's program with the model itself, executed by ONNX Runtime or qonnx.

    A quantized model is compared in steps, twice: with the program run from the images on, and
    with every layer fed by the oracle's tensors, where nothing but float32 ties may differ. A
    float model is what its program approximates: signal-to-noise ratios and decisions.

    Parameters
    ----------
    path : str or Path
    images : (N, …) array
        Raw, as the circuit gets them.
    mean, std, input_shape, data, note : as in ``load``

    Returns
    -------
    Check
        Its ``verify`` raises where the two disagree.

    Raises
    ------
    SangiError
        As ``load``; DataError if the images do not fit; ToolError if the oracle is missing or
        cannot execute the model.
    """
    subject = load_subject(path, mean=mean, std=std, input_shape=input_shape, data=data, note=note)
    model = with_input_shape(open_model(path), input_shape)
    oracle = open_oracle(model, subject.wanted)
    return check_subject(subject, oracle, images, mean=mean, std=std, name=Path(path).name)


def load_subject(
    path: str | Path,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    data: Data | None = None,
    note: Callable[[str], None] | None = None,
) -> Subject:
    """Return a model's program, and where the file has the same numbers.

    Parameters and errors are those of ``load``.
    """
    tensors = tensors_of(open_model(path))
    graphs: list[Graph] = []
    calibrated: set[str] = set()
    subjects: list[Subject] = []

    def watch(_: Pass, before: Graph, after: Graph) -> None:
        if graphs and before is not graphs[-1]:
            # What appears between passes was put in by calibration.
            calibrated.update({*before.order()} - {*graphs[-1].order()})
        graphs.extend((before, after))

    def lowered(graph: Graph, program: Program, values: Values) -> None:
        origins = every_origin([*graphs, graph], tensors)
        coded = coded_pairs(graph, program, values, origins, calibrated)
        outputs = output_pairs(graph, program, values, origins)
        subjects.append(Subject(program, coded, outputs, is_quantized(graphs[0])))

    load(
        path,
        mean=mean,
        std=std,
        input_shape=input_shape,
        data=data,
        note=note,
        watch=watch,
        lowered=lowered,
    )
    return subjects[0]


def check_subject(
    subject: Subject,
    oracle: Oracle,
    images: Array,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    name: str = "",
) -> Check:
    """Compare a program with an oracle of its model, opened with ``subject.wanted``.

    Parameters
    ----------
    subject : Subject
    oracle : Oracle
    images, mean, std : as in ``check_model``
    name : str
        What to call the model.
    """
    frames = model_frames(subject.program, images, mean, std)
    (integers,) = prepare(subject.program, images)
    layers, outputs = compare(subject, oracle, integers, frames)
    skipped = tuple(pair.layer for pair in subject.coded if pair.onnx not in oracle.tensors)
    return Check(name, oracle.name, len(images), subject.exact, layers, outputs, skipped)


def model_frames(
    program: Program,
    images: Array,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> Array:
    """Return images as the model takes them: normalized, in its own layout."""
    entry = program.inputs[0]
    frames = arrange(entry, program.types[entry.tensor], images)
    if mean is not None or std is not None:
        frames = (frames.astype(np.float64) - np.array(mean or 0.0)) / np.array(std or 1.0)
    return frames.transpose(0, 3, 1, 2) if entry.layout == "NCHW" else frames
