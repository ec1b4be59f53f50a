"""Post-training quantization from calibration images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...runtime.errors import DataError
from ..execute.run import run_batches
from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.base import Op
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from ..ir.ops.input import Input
from ..ir.ops.quantize import Quantize
from ..ir.rebuild import rebuild
from ..passes.dead_code import DeadCode
from .places import quantized_nodes
from .ranges import Range, best_range, grid, histogram, observed
from .shared import shared_grids
from .weights import quantize_weights

Method = Literal["minmax", "mse"]


def calibrate(graph: Graph, frames: npt.NDArray[Any], method: Method = "mse") -> Graph:
    """Return a graph with 8-bit weights and activations wherever quantizers are missing.

    Weights are symmetric per filter, activations asymmetric per tensor. Where the frames are
    bytes and nothing normalizes them, the input's codes are the pixels themselves. Tensors that a
    Concat joins for a layer get one grid, over the values of all.

    Parameters
    ----------
    graph : Graph
        Channels last, with one input; float, or quantized but for its input.
    frames : (N, *shape) array
        Representative inputs, raw as the circuit will get them.
    method : str
        How the range of an activation is chosen: ``minmax`` keeps all that was seen, ``mse``
        clamps outliers where that lessens the squared error.

    Raises
    ------
    DataError
        If there are no frames, or a tensor is not finite on them.
    """
    if not len(frames):
        raise DataError("calibration needs at least one image, not 0")
    grids = _grids(graph, frames, quantized_nodes(graph), method)

    def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
        if isinstance(op, Conv | Dense) and op.weight_scale is None:
            op = quantize_weights(op)
        node = builder.add(name, op, inputs, graph.origin(name))
        if name not in grids:
            return node
        return builder.add(f"{name}/quantize", grids[name], [node])

    return rebuild(graph, visit)


def _grids(
    graph: Graph, frames: npt.NDArray[Any], places: tuple[str, ...], method: Method
) -> Mapping[str, Quantize]:
    if not places:
        return {}
    # The place whose grid a place has: of a group the first, else its own.
    owner = {name: group[0] for group in shared_grids(graph, places) for name in group}
    # Nothing behind the places is executed.
    ends = tuple((name, graph.tensor(name)) for name in places)
    graph = DeadCode()(replace(graph, outputs=ends))
    spans: dict[str, Range] = {}
    for batch in run_batches(graph, frames, places):
        for name, values in batch.items():
            if not np.isfinite(values).all():
                kind = type(graph.op(name)).__name__
                raise DataError(
                    f"{kind} '{name}' must give finite values on the calibration images, "
                    "not NaN or infinity: check --mean and --std"
                )
            span, first = observed(values), owner.get(name, name)
            spans[first] = spans[first].join(span) if first in spans else span
    if method == "mse":
        counts = {name: np.zeros(0, np.int64) for name in spans}
        for batch in run_batches(graph, frames, places):
            for name, values in batch.items():
                first = owner.get(name, name)
                count = histogram([values], spans[first])
                counts[first] = count + counts[first] if counts[first].size else count
        spans = {name: best_range(counts[name], spans[name]) for name in spans}
    grids = {name: grid(spans[owner.get(name, name)]) for name in places}
    for name in places:
        if isinstance(graph.op(name), Input) and name not in owner and _are_bytes(frames):
            grids[name] = _bytes_grid()
    return grids


def _are_bytes(frames: npt.NDArray[Any]) -> bool:
    """Whether all values are whole numbers from 0 to 255."""
    if frames.dtype == np.uint8:
        return True
    inside = bool((frames >= 0).all() and (frames <= 255).all())
    return inside and bool((frames == np.rint(frames)).all())


def _bytes_grid() -> Quantize:
    return Quantize((Fraction(1),), (0,), 0, 255)
