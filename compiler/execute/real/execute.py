"""The meaning of every op in float64, and graphs executed by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ....runtime.errors import DataError, UnsupportedError
from ....runtime.host import apply as apply_step
from ....runtime.program import Step
from ...ir import ops as ir
from ...ir.graph import Graph
from .multithreshold import count_thresholds
from .quantize import NEAR, round_to_grid, settled
from .windows import convolve, floats, largest, mean, multiply

Reals = npt.NDArray[np.float64]


def execute_real(
    graph: Graph,
    frames: npt.NDArray[Any],
    before: Graph | None = None,
    values: Mapping[str, Reals] | None = None,
) -> dict[str, Reals]:
    """Execute a graph of one input in float64.

    No error is larger than float64's own, and none decides a code (see ``round_to_grid``); compare
    ``execute.run``, where ONNX Runtime computes in float32.

    Parameters
    ----------
    graph : Graph
    frames : (N, *declared shape) array
        In the layout that the model declares, whatever the graph has made of it.
    before, values : optional
        Another graph and what it gave on these frames: an op of it (the same object) with the same
        inputs is not computed again.

    Returns
    -------
    dict of node name to float64 (N, *shape)
        Of every node but those that are Opaque or depend on one.

    Raises
    ------
    DataError
        If the frames do not have the declared shape.
    """
    done = _results(before, values or {}) if before is not None else {}
    made: dict[str, Reals] = {}
    for name in graph.order():
        op = graph.op(name)
        if isinstance(op, ir.Opaque) or any(source not in made for source in graph.inputs(name)):
            continue
        inputs = [made[source] for source in graph.inputs(name)]
        known = done.get(_key(op, inputs))
        if known is not None:
            made[name] = known
        elif isinstance(op, ir.Input):
            made[name] = channels_last(op, frames)
        else:
            made[name] = compute(op, *inputs)
    return made


def compute(op: ir.Op, *inputs: Reals) -> Reals:
    """Return the output of one op for a batch (N, …) of each input.

    Raises
    ------
    UnsupportedError
        If the op has no meaning here (Input and Opaque have none).
    """
    rule = RULES.get(type(op))
    if rule is None:
        raise UnsupportedError(f"op must be one that can be executed, not {type(op).__name__}")
    return np.asarray(rule(op, *inputs))


def channels_last(op: ir.Input, frames: npt.NDArray[Any]) -> Reals:
    """Return frames in the model's declared layout as the tensor that an Input makes.

    Raises
    ------
    DataError
        If they do not have the declared shape.
    """
    if frames.shape[1:] != op.shape:
        raise DataError(f"frames must have shape (N, {_sizes(op.shape)}), not {frames.shape}")
    x = np.asarray(frames, np.float64)
    if op.layout == "NCHW":
        return x.transpose(0, 2, 3, 1)
    return x if op.layout == "NHWC" else x.reshape(len(x), -1)


def _results(graph: Graph, values: Mapping[str, Reals]) -> dict[tuple[int, ...], Reals]:
    """Return what every op of a graph gave, by the op and its inputs."""
    return {
        _key(graph.op(name), [values[source] for source in graph.inputs(name)]): values[name]
        for name in values
    }


def _key(op: ir.Op, inputs: Sequence[Reals]) -> tuple[int, ...]:
    # Ops and arrays are values that are never changed, and live as long as the key.
    return (id(op), *map(id, inputs))


def _sizes(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))


def _affine(op: ir.Affine | ir.BatchNorm, x: Reals) -> Reals:
    product, shift = x * floats(op.scale), floats(op.shift)
    return settled(product + shift, np.abs(product) + np.abs(shift))


def _add(op: ir.Add, a: Reals, b: Reals) -> Reals:
    return settled(a + b, np.abs(a) + np.abs(b))


def _concat(op: ir.Concat, *parts: Reals) -> Reals:
    return np.concatenate(parts, op.axis + 1)


def _clip(op: ir.Clip, x: Reals) -> Reals:
    if op.low is not None:
        x = np.maximum(x, float(op.low))
    return x if op.high is None else np.minimum(x, float(op.high))


def _transpose(op: ir.Transpose, x: Reals) -> Reals:
    return x.transpose(0, *(axis + 1 for axis in op.perm))


def _argmax(op: ir.ArgMax, x: Reals) -> Reals:
    # The first of those that are equal but for noise.
    axis = op.axis + 1
    top = x.max(axis=axis, keepdims=True)
    near = x >= top - NEAR * np.maximum(1, np.abs(top))
    return np.asarray(near.argmax(axis=axis, keepdims=op.keepdims), np.float64)


def _slice(op: ir.Slice, x: Reals) -> Reals:
    parts = zip(op.start, op.size, op.step, strict=True)
    return x[:, *(slice(first, first + size * step, step) for first, size, step in parts)]


def _pad(op: ir.Pad, x: Reals) -> Reals:
    return np.pad(x, ((0, 0), *zip(op.before, op.after, strict=True)))


RULES: Mapping[type[ir.Op], Callable[..., Any]] = {
    ir.Add: _add,
    ir.Affine: _affine,
    ir.ArgMax: _argmax,
    ir.AveragePool: mean,
    ir.BatchNorm: _affine,
    ir.Clip: _clip,
    ir.Concat: _concat,
    ir.Conv: convolve,
    ir.Dense: multiply,
    ir.MaxPool: largest,
    ir.MultiThreshold: count_thresholds,
    ir.Pad: _pad,
    ir.Quantize: round_to_grid,
    ir.Relu: lambda _, x: np.maximum(x, 0),
    ir.Reshape: lambda op, x: x.reshape(len(x), *op.shape),
    ir.Sigmoid: lambda _, x: apply_step(Step("sigmoid"), x),
    ir.Slice: _slice,
    ir.Softmax: lambda op, x: apply_step(Step("softmax", {"axis": op.axis}), x),
    ir.Transpose: _transpose,
}
"""Each op as a function of itself and a batch (N, …) of every input, channels last."""
