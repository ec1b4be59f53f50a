"""The pass order-dense-columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..ir.graph import Graph
from ..ir.ops.affine import Affine
from ..ir.ops.base import Elementwise, Op
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.dense import Dense
from ..ir.ops.multithreshold import MultiThreshold
from ..ir.ops.quantize import Quantize
from ..ir.ops.reshape import Reshape
from ..ir.ops.transpose import Transpose
from ..ir.origin import Origin
from .base import Pass

Order = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OrderDenseColumns(Pass):
    """Flatten an image in channels-last order and permute what reads it instead.

    Before: ``x(H,W,C) -> Transpose(C,H,W) -> Reshape(n) -> Relu -> Dense(w)``;
    after: ``x -> Reshape(n) -> Relu -> Dense(w')``.

    With ``y = transpose(x).flatten()`` and ``z = x.flatten()`` there is an order with
    ``y[j] = z[order[j]]``; hence ``sum_j w[f,j] y[j] = sum_i w'[f,i] z[i]`` where
    ``w'[f, order[j]] = w[f, j]``. Constants per element between them are permuted alike. Done
    only where every path from the Reshape ends in a Dense.
    """

    name: ClassVar[str] = "order-dense-columns"

    def __call__(self, graph: Graph) -> Graph:
        """Return the graph without Transposes in front of flattened Dense inputs."""
        ops: dict[str, Op] = {}
        origins: dict[str, Origin] = {}
        flattened: list[str] = []
        for name in graph.order():
            op = graph.op(name)
            if not isinstance(op, Reshape) or len(op.shape) != 1:
                continue
            transpose = graph.inputs(name)[0]
            perm = graph.op(transpose)
            readers = dense_readers(graph, name)
            if isinstance(perm, Transpose) and readers is not None:
                shape = graph.shape(graph.inputs(transpose)[0])
                order = np.arange(op.shape[0]).reshape(shape).transpose(perm.perm).reshape(-1)
                ops.update({reader: with_columns(graph.op(reader), order) for reader in readers})
                places = np.argsort(order)
                origins.update(
                    (moved, graph.origin(moved).moved(places))
                    for moved in (name, *readers)
                    if not isinstance(graph.op(moved), Dense)
                )
                flattened.append(name)
        return _bypass_transposes(graph.with_ops(ops, origins), flattened)


def dense_readers(graph: Graph, start: str) -> list[str] | None:
    """Return everything down to the Dense layers; None if a path ends in something else."""
    readers: list[str] = []
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if graph.is_output(name) or not graph.consumers(name):
            return None
        for reader, _ in graph.consumers(name):
            op = graph.op(reader)
            if isinstance(op, Elementwise):
                waiting.append(reader)
            elif not isinstance(op, Dense):
                return None
            readers.append(reader)
    return readers


def with_columns(op: Op, order: Order) -> Op:
    """Return what a Dense or an op in front of it is when element j moves to ``order[j]``."""
    if isinstance(op, Dense):
        weight = np.empty_like(op.weight)
        weight[:, order] = op.weight
        return replace(op, weight=weight)
    if isinstance(op, Elementwise) and op.per_channel:
        if isinstance(op, Affine | BatchNorm):
            return replace(op, scale=_placed(op.scale, order), shift=_placed(op.shift, order))
        if isinstance(op, Quantize):
            return replace(
                op,
                scale=_placed(op.scale, order),
                zero_point=_placed(op.zero_point, order),
            )
        if isinstance(op, MultiThreshold):
            return replace(op, thresholds=_placed(op.thresholds, order))
    return op


def _placed(values: tuple[Any, ...], order: Order) -> tuple[Any, ...]:
    placed = list(values)
    for value, place in zip(values, order, strict=True):
        placed[place] = value
    return tuple(placed)


def _bypass_transposes(graph: Graph, flattened: list[str]) -> Graph:
    net = graph.net.copy()
    for name in flattened:
        transpose = graph.inputs(name)[0]
        net.remove_edge(transpose, name)
        net.add_edge(graph.inputs(transpose)[0], name, output=0, input=0)
    return replace(graph, net=net)
