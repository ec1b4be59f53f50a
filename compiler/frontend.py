"""The front door: from a model file to an integer-ready graph, and to a program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..runtime.errors import DataError, ModelError, UsageError
from ..runtime.host import arrange
from ..runtime.ops.base import TensorType
from ..runtime.program import Input as ProgramInput
from ..runtime.program import Program
from .images import read_images
from .ir.graph import Graph
from .ir.ops.input import Input
from .ir.ops.quantize import Quantize
from .lower.lower import lower
from .onnx_io.read.read import read_graph
from .passes.normalize_input import NormalizeInput
from .passes.pipeline import FLOAT_PASSES, LAYOUT_PASSES, QUANTIZED_PASSES, Watch, run_passes
from .quantize.calibrate import calibrate

Data = str | Path | npt.NDArray[Any]

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
        An ONNX file: QDQ, or float.
    mean, std : sequences of float, optional
        One number, or one per channel, in units of the pixel: the model gets (x - mean) / std.
    input_shape : sequence of int, optional
        Replaces the shape of the input, batch included.
    data : path of an ``.npz`` with x, or array (N, …), optional
        Calibration images, raw; needed by float models, not used by quantized ones.
    note : callable, optional
        Called with a line that the user should see.
    watch : callable, optional
        Called after every pass with the pass and the graphs before and after.

    Raises
    ------
    UsageError
        If a file does not exist or an option does not fit the model.
    ModelError, UnsupportedError
        If the model cannot be read or mapped, or is float and ``data`` is missing.
    DataError
        If the calibration images do not fit.
    """
    graph = run_passes(read_graph(path, input_shape), LAYOUT_PASSES, watch)
    if mean is not None or std is not None:
        step = NormalizeInput(_numbers("--mean", mean, 0.0), _numbers("--std", std, 1.0))
        graph = run_passes(graph, [step], watch)
    if is_quantized(graph):
        if data is not None and note is not None:
            note(f"{Path(path).name} is quantized: --data was not needed")
    else:
        if data is None:
            raise ModelError(
                f"{Path(path).name} has no quantizers: give --data images.npz "
                "(calibration images) or export a QDQ model"
            )
        graph = run_passes(graph, FLOAT_PASSES, watch)
        graph = calibrate(graph, _calibration_frames(graph, data)).verify()
    return run_passes(graph, QUANTIZED_PASSES, watch)


def load(
    path: str | Path,
    *,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    input_shape: Sequence[int] | None = None,
    data: Data | None = None,
    input_kind: Literal["auto", "bytes", "codes"] = "auto",
    note: Callable[[str], None] | None = None,
) -> Program:
    """Read a model and lower it to its integer program.

    Parameters and errors are those of ``load_graph``; ``input_kind`` is lowering's: whether
    the circuit takes raw bytes or the first quantizer's codes.
    """
    graph = load_graph(path, mean=mean, std=std, input_shape=input_shape, data=data, note=note)
    return lower(graph, input_kind=input_kind)


def is_quantized(graph: Graph) -> bool:
    """Whether a graph holds quantizers."""
    return any(isinstance(graph.op(name), Quantize) for name in graph.order())


def _numbers(option: str, values: Sequence[float] | None, missing: float) -> tuple[float, ...]:
    if values is None:
        return (missing,)
    numbers = tuple(float(value) for value in values)
    if not numbers or not np.isfinite(numbers).all():
        raise UsageError(f"{option} must be finite numbers, one per channel, not {list(values)}")
    return numbers


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
