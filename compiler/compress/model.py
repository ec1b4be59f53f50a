"""The float model that is to be compressed, and its images as the graph takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from ...runtime.errors import DataError, UsageError
from ...runtime.host import arrange
from ...runtime.ops.base import TensorType
from ...runtime.program import Input as ProgramInput
from ..ir.graph import Graph
from ..ir.ops.input import Input
from ..ir.ops.tail import ArgMax
from ..onnx_io.read.read import read_graph
from ..passes.pipeline import FLOAT_PASSES, LAYOUT_PASSES, run_passes
from ..survey import numbers
from .data.samples import Samples


def read_float(path: str | Path, input_shape: Sequence[int] | None = None) -> Graph:
    """Return a model's graph, channels last, before anything is quantized.

    Raises
    ------
    UsageError
        If the file does not exist.
    UnsupportedError
        Once, for everything in the model that is not known.
    ModelError
        If the file cannot be read.
    """
    graph = run_passes(read_graph(path, input_shape), LAYOUT_PASSES)
    return run_passes(graph, FLOAT_PASSES)


def arranged(
    graph: Graph,
    samples: Samples,
    name: str,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> Samples:
    """Return samples whose images are as the graph's input: channels last, and normalized.

    Parameters
    ----------
    graph : Graph
        With one input.
    samples : Samples
    name : str
        What to call them in messages: ``train``.
    mean, std : sequences of float, or None
        The model gets (x - mean) / std: one number, or one per channel.

    Raises
    ------
    UsageError
        If ``mean`` or ``std`` do not fit the channels.
    DataError
        If the images do not fit the graph's input.
    """
    ops = ((node, graph.op(node)) for node in graph.order())
    node, op = next((node, op) for node, op in ops if isinstance(op, Input))
    entry = ProgramInput(node, op.name, op.shape, op.layout, "codes")
    try:
        x = arrange(entry, TensorType(graph.shape(node), 0, 255), samples.x)
    except DataError as error:
        raise DataError(f"{name} {error}") from error
    if mean is not None or std is not None:
        shift = _per_channel("--mean", mean, 0.0, x.shape[-1])
        factor = _per_channel("--std", std, 1.0, x.shape[-1])
        if min(factor) <= 0:
            raise UsageError(f"--std must be above 0, not {min(factor):g}")
        x = ((x.astype(np.float64) - np.array(shift)) / np.array(factor)).astype(np.float32)
    return replace(samples, x=np.ascontiguousarray(x))


def first_output_shape(graph: Graph) -> tuple[int, ...]:
    """Return the shape of the first output of one frame; what it is the largest of, for a class."""
    node = graph.outputs[0][0]
    if isinstance(graph.op(node), ArgMax) and prod(graph.shape(node)) == 1:
        (node,) = graph.inputs(node)
    return graph.shape(node)


def _per_channel(
    option: str, values: Sequence[float] | None, missing: float, channels: int
) -> tuple[float, ...]:
    found = numbers(option, values, missing)
    if len(found) not in (1, channels):
        raise UsageError(f"{option} must be 1 or {channels} numbers, not {len(found)}")
    return found
