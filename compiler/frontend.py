"""The front door: from a model file to an integer-ready graph, and to a program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.errors import DataError, ModelError
from ..runtime.host import arrange
from ..runtime.ops.base import TensorType
from ..runtime.program import Input as ProgramInput
from ..runtime.program import Program
from .images import read_images
from .ir.graph import Graph
from .ir.ops.input import Input
from .lower.lower import lower_graph
from .lower.state import InputKind
from .lower.value import Value
from .lower.wide import costly_sums
from .onnx_io.read.shapes import QUANTIZERS
from .passes.pipeline import QUANTIZED_PASSES, Watch, run_passes
from .passes.quantizers import float_layers, is_quantized, open_inputs
from .problems import refusal
from .quantize.calibrate import calibrate
from .survey import Survey, survey

Data = str | Path | npt.NDArray[Any]

#: Called with the graph that was lowered, its program, and what its nodes' tensors are there.
Lowered = Callable[[Graph, Program, Mapping[str, Value | None]], None]

#: Calibration gains nothing from more frames and takes time and memory with each.
CALIBRATION_FRAMES = 512


def load_graph(
    path: str | Path,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    data: Data | None = None,
    note: Callable[[str], None] | None = None,
    watch: Watch | None = None,
) -> Graph:
    """Read a model, bring it into the normal form that lowering takes, quantize it if needed.

    Parameters
    ----------
    path : str or Path
        An ONNX file of any format that is read (see ``onnx_io/read/formats``).
    mean, std : sequences of float, optional
        One number, or one per channel, in units of the pixel: the model gets (x - mean) / std.
    input_shape : sequence of int, optional
        Replaces the shape of the input, batch included.
    data : path of an ``.npz`` with x, or array (N, …), optional
        Calibration images, raw; needed by float models and by quantized ones without a quantizer
        for their input, not used by others.
    note : callable, optional
        Called with a line that the user should see.
    watch : callable, optional
        Called after every pass with the pass and the graphs before and after.

    Raises
    ------
    UsageError
        If a file does not exist or an option does not fit the model.
    UnsupportedError
        Once, for everything in the model that cannot be mapped.
    ModelError
        If the model cannot be read, or lacks quantizers and ``data`` is missing.
    DataError
        If the calibration images do not fit.
    """
    found = survey(path, mean=mean, std=std, input_shape=input_shape, mapped=False, watch=watch)
    return _quantized(found, data, note, watch)


def load(
    path: str | Path,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    data: Data | None = None,
    input_kind: InputKind = "auto",
    mapped: bool = False,
    note: Callable[[str], None] | None = None,
    watch: Watch | None = None,
    lowered: Lowered | None = None,
) -> Program:
    """Read a model and lower it to its integer program.

    Parameters and errors are those of ``load_graph``; ``input_kind`` is lowering's: whether
    the circuit takes raw bytes or the first quantizer's codes; ``mapped`` refuses, in the same
    list, also what no engine computes and the shell does not carry; ``lowered`` is called with the
    graph, its program, and what every node's tensor is in it.
    """
    found = survey(
        path,
        mean=mean,
        std=std,
        input_shape=input_shape,
        input_kind=input_kind,
        mapped=mapped,
        watch=watch,
    )
    graph = _quantized(found, data, note, watch)
    program, values = found.program, found.values
    if program is None or found.unquantized is not None:
        lowering = lower_graph(graph, input_kind=input_kind)
        if lowering.program is None:
            raise refusal(found.name, lowering.problems)
        program, values = lowering.program, lowering.values
    if note is not None:
        for line in costly_sums(program):
            note(line)
    if lowered is not None:
        lowered(graph, program, values)
    return program


def _quantized(
    found: Survey, data: Data | None, note: Callable[[str], None] | None, watch: Watch | None
) -> Graph:
    """Return the graph of a model without problems, calibrated where it is float."""
    if found.unquantized is None and data is not None and note is not None:
        note(f"{found.name} is quantized: --data was not needed")
    if found.problems:
        also = [found.note]
        refused = any(problem.op in QUANTIZERS for problem in found.problems)
        if found.unquantized is not None and data is None and not refused:
            lacks = _lacking(found.unquantized)
            also.append(f"the model has no {lacks} either: it needs --data images.npz")
        raise refusal(found.name, found.problems, *also)
    if found.unquantized is None:
        return found.graph
    lacks = _lacking(found.unquantized)
    if data is None:
        way_out = " or export a QDQ model"
        if is_quantized(found.unquantized):
            way_out = " or export it with a quantizer there"
        if open_inputs(found.unquantized) and is_quantized(found.unquantized):
            way_out = f", or --mean and --std if it takes bytes,{way_out}"
        raise ModelError(
            f"{found.name} has no {lacks}: give --data images.npz (calibration images){way_out}"
        )
    if is_quantized(found.unquantized) and note is not None:
        note(f"{found.name} has no {lacks}: 8 bits were chosen by --data")
    frames = _calibration_frames(found.unquantized, data)
    return run_passes(calibrate(found.unquantized, frames).verify(), QUANTIZED_PASSES, watch)


def _lacking(graph: Graph) -> str:
    """Return which quantizers a model has not."""
    if not is_quantized(graph):
        return "quantizers"
    if open_inputs(graph):
        return "quantizer for its input"
    return f"quantizer for the weights of '{float_layers(graph)[0]}'"


def _calibration_frames(graph: Graph, data: Data) -> npt.NDArray[Any]:
    x = data if isinstance(data, np.ndarray) else read_images(Path(data)).x
    ops = ((name, graph.op(name)) for name in graph.order())
    name, op = next((name, op) for name, op in ops if isinstance(op, Input))
    entry = ProgramInput(name, op.name, op.shape, op.layout, "codes")
    # Files are often sorted by class: frames are taken evenly from the whole.
    chosen = np.linspace(0, len(x) - 1, min(len(x), CALIBRATION_FRAMES)).astype(np.int64)
    try:
        return arrange(entry, TensorType(graph.shape(name), 0, 255), x[chosen])
    except DataError as error:
        raise DataError(f"calibration {error}") from error
