"""Sample frames for the execution of a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.errors import DataError
from ..ir.graph import Graph
from ..ir.ops.affine import Affine
from ..ir.ops.base import Elementwise
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.input import Input
from ..ir.ops.quantize import Quantize
from ..ir.ops.reshape import Reshape
from ..ir.ops.transpose import Transpose

Reals = npt.NDArray[np.float64]


def input_of(graph: Graph) -> Input:
    """Return the graph's one input."""
    return next(op for op in map(graph.op, graph.order()) if isinstance(op, Input))


def draw_frames(graph: Graph, count: int, seed: int) -> Reals:
    """Return random frames that fit a graph's input.

    Each frame is noise around a level of its own and of a width of its own, so that later layers
    see different ranges. Pixels are whole numbers 0…255: where the input is normalized, where
    nothing quantizes it, and where its quantizer tells whole numbers apart. Elsewhere the frames
    cover the first quantizer's range and a little more, in half steps: codes and ties.

    Returns
    -------
    float64 (count, *declared shape)
    """
    grids, normalized = _first_quantizers(graph)
    source = np.random.default_rng(seed)
    shape = (count, *input_of(graph).shape)
    pixels = len(shape) == 4 and all(min(grid.scale) >= 0.5 for grid in grids)
    if normalized or pixels or not grids:
        return np.rint(_noise(source, shape) * 255)
    low, high = _span(grids)
    half = float(min(min(grid.scale) for grid in grids)) / 2
    return half * np.rint((low + _noise(source, shape) * (high - low)) / half)


def as_declared(op: Input, images: npt.NDArray[Any]) -> Reals:
    """Return images in the order of elements that an input declares.

    Unlike ``runtime.host.arrange`` before the layout is known: a graph as it was read declares the
    file's order, whatever that means.

    Parameters
    ----------
    op : Input
    images : (N, *declared shape), (N, H, W, C), (N, H, W) or (N, features) array

    Raises
    ------
    DataError
        If their shape does not fit.
    """
    x = np.asarray(images, np.float64)
    if x.shape[1:] == op.shape:
        return x
    if x.ndim == 4 and (x.shape[3], *x.shape[1:3]) == op.shape:
        return x.transpose(0, 3, 1, 2)
    # One channel, and features: the order of elements does not depend on the layout.
    if x.ndim > 1 and x[0].size == int(np.prod(op.shape)) and (len(op.shape) != 3 or x.ndim == 3):
        return x.reshape(len(x), *op.shape)
    wanted = ", ".join(["N", *map(str, op.shape)])
    raise DataError(f"images must have shape ({wanted}), not {x.shape}")


def _span(grids: list[Quantize]) -> tuple[float, float]:
    """Return the reals that grids cover, and two steps more on both sides."""
    ends = [
        float(scale * (code - zero))
        for grid in grids
        for scale, zero in zip(grid.scale, grid.zero_point, strict=True)
        for code in (grid.low - 2, grid.high + 2)
    ]
    return min(ends), max(ends)


def _noise(source: np.random.Generator, shape: tuple[int, ...]) -> Reals:
    """Return numbers from 0 to 1: the first frame over all of it, later ones over parts."""
    noise = source.random(shape)
    for number, frame in enumerate(noise[1:], start=1):
        width = 1 / (number + 1)
        frame[...] = frame * width + source.random() * (1 - width)
    return noise


def _first_quantizers(graph: Graph) -> tuple[list[Quantize], bool]:
    """Return the quantizers that the input meets first, and whether constants come before them."""
    reached = {name for name in graph.order() if isinstance(graph.op(name), Input)}
    grids, normalized = [], False
    for op, name in _readers(graph, reached):
        if isinstance(op, Quantize):
            grids.append(op)
        elif isinstance(op, Elementwise | Reshape | Transpose):
            reached.add(name)
            normalized = normalized or isinstance(op, Affine | BatchNorm)
    return grids, normalized


def _readers(graph: Graph, reached: set[str]) -> Iterator[tuple[Any, str]]:
    for name in graph.order():
        if not reached.isdisjoint(graph.inputs(name)):
            yield graph.op(name), name
