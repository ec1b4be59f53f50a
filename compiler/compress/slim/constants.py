"""Which channels always hold one number, whatever the image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ....runtime.numerics import Rounding
from ...ir.graph import Graph
from ...ir.ops.add import Add
from ...ir.ops.affine import Affine
from ...ir.ops.averagepool import AveragePool
from ...ir.ops.base import Op
from ...ir.ops.batchnorm import BatchNorm
from ...ir.ops.clip import Clip
from ...ir.ops.concat import Concat
from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ...ir.ops.pad import Pad
from ...ir.ops.quantize import Quantize
from ...ir.ops.relu import Relu
from ..norm import FloatArray, Norm
from .flow import carried

#: How near to a tie a number may lie, in steps of a quantizer, that float64 still decides.
_TIE = 1e-6


def constants_of(graph: Graph, weights: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
    """Return the number that every channel of every node's tensor always holds.

    A filter whose weights are all zero gives its bias everywhere, and what only rescales, clamps,
    rounds or adds constants gives constants again. Padding with zeros around another number is
    not constant.

    Parameters
    ----------
    graph : Graph
    weights : mapping of str to float64 array
        The weights that every Conv and Dense computes with.

    Returns
    -------
    mapping of node name to float64 (size of the last axis,)
        NaN where a channel is not known to be constant.
    """
    found: dict[str, FloatArray] = {}
    for name in graph.order():
        sources = tuple(found[source] for source in graph.inputs(name))
        shape = graph.shape(name)
        size = shape[-1] if shape else 1
        op = graph.op(name)
        if isinstance(op, Conv | Dense):
            found[name] = _layer(op, weights[name], sources[0])
        else:
            values = _constants(op, sources, size)
            found[name] = np.full(size, np.nan) if values is None else values
    return found


def _layer(op: Conv | Dense, weight: FloatArray, source: FloatArray) -> FloatArray:
    groups = op.groups if isinstance(op, Conv) else 1
    padded = isinstance(op, Conv) and any(op.padding)
    filters, channels = weight.shape[0], weight.shape[-1]
    taps = weight.reshape(filters, -1, channels)
    first = np.arange(filters) // (filters // groups) * channels
    inputs = source[first[:, None] + np.arange(channels)]
    moving = np.isnan(inputs) | (padded & (inputs != 0))
    moving &= (taps != 0).any(axis=1)
    sums = (taps.sum(axis=1) * np.where(np.isnan(inputs), 0.0, inputs)).sum(axis=1)
    if op.bias is not None:
        sums = sums + np.array([float(value) for value in op.bias])
    return np.where(moving.any(axis=1), np.nan, sums)


def _constants(op: Op, sources: tuple[FloatArray, ...], size: int) -> FloatArray | None:
    """Return the constants of an op's tensor; None where nothing is known."""
    if not sources:
        return None
    first = sources[0]
    if isinstance(op, Norm):
        return (first - op.mean) * op.gain() + op.beta
    if isinstance(op, Affine | BatchNorm):
        return first * _floats(op.scale) + _floats(op.shift)
    if isinstance(op, Relu):
        return np.maximum(first, 0.0)
    if isinstance(op, Clip):
        low, high = (None if end is None else float(end) for end in (op.low, op.high))
        return first if low is None and high is None else np.clip(first, low, high)
    if isinstance(op, Quantize):
        return _quantized(op, first)
    if isinstance(op, AveragePool):
        return _zeros_only(first) if any(op.padding) and op.count_include_pad else first
    if isinstance(op, Add):
        return first + sources[1]
    if isinstance(op, Concat) and len(first) == size:
        # Along another axis than the channels, all parts must hold the same.
        return np.where(np.all([first == other for other in sources], axis=0), first, np.nan)
    if isinstance(op, Pad) and any((*op.before[:-1], *op.after[:-1])):
        sources = (_zeros_only(first),)
    return carried(op, sources, size, np.zeros)


def _quantized(op: Quantize, values: FloatArray) -> FloatArray | None:
    if op.zero_first or op.rounding is not Rounding.HALF_EVEN:
        return None
    scale, zero = _floats(op.scale), _floats(op.zero_point)
    steps = values / scale
    unsure = np.abs(steps - np.floor(steps) - 0.5) < _TIE
    codes = np.clip(np.rint(steps) + zero, op.low, op.high)
    return np.where(unsure, np.nan, (codes - zero) * scale)


def _zeros_only(values: FloatArray) -> FloatArray:
    return np.where(values == 0, values, np.nan)


def _floats(values: tuple[object, ...]) -> npt.NDArray[np.float64]:
    return np.array([float(value) for value in values])  # type: ignore[arg-type]
