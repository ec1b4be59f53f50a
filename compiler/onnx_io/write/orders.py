"""In which order of axes every tensor of a graph is written: images channels first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ...ir.graph import Graph, GraphBuilder
from ...ir.ops.add import Add
from ...ir.ops.averagepool import AveragePool
from ...ir.ops.base import Elementwise, Op, Shape
from ...ir.ops.concat import Concat
from ...ir.ops.conv import Conv
from ...ir.ops.input import Input
from ...ir.ops.maxpool import MaxPool
from ...ir.ops.pad import Pad
from ...ir.ops.reshape import Reshape
from ...ir.ops.slice import Slice
from ...ir.ops.tail import ArgMax, Softmax
from ...ir.ops.transpose import Transpose
from ...ir.origin import transposed
from ...ir.rebuild import rebuild
from ...passes.channels_last import compose, inverse
from ...passes.order_dense_columns import dense_readers, with_columns

#: ``written = x.transpose(order)`` of a frame x.
Order = tuple[int, ...]

CHANNELS_FIRST: Order = (2, 0, 1)


def written_orders(graph: Graph) -> Mapping[str, Order]:
    """Return for every node the order in which the axes of its frames are written.

    The input is written as its layout says, images of spatial ops channels first; ops that treat
    axes or elements alike keep the order of their (first) input, and a Transpose is no more than
    another name for what it reads.
    """
    orders: dict[str, Order] = {}
    for name in graph.order():
        op = graph.op(name)
        order: Order = tuple(range(len(graph.shape(name))))
        if isinstance(op, Input):
            order = CHANNELS_FIRST if op.layout == "NCHW" else order
        elif isinstance(op, Conv | MaxPool | AveragePool):
            order = CHANNELS_FIRST
        elif isinstance(op, Transpose):
            order = compose(inverse(op.perm), orders[graph.inputs(name)[0]])
        elif isinstance(op, ArgMax):
            order = _without(orders[graph.inputs(name)[0]], op)
        elif isinstance(op, Elementwise | Add | Concat | Slice | Pad | Softmax):
            order = orders[graph.inputs(name)[0]]
        orders[name] = order
    return orders


def on_written_axes(op: Op, order: Order) -> Op:
    """Return what an op is on tensors whose axes are written in ``order``."""
    if isinstance(op, Slice):
        return Slice(*(compose(field, order) for field in (op.start, op.size, op.step)))
    if isinstance(op, Pad):
        return Pad(compose(op.before, order), compose(op.after, order))
    if isinstance(op, Softmax | ArgMax | Concat):
        return replace(op, axis=order.index(op.axis))
    return op


def is_flat(shape: Shape, order: Order) -> bool:
    """Whether frames of a shape have the same order of elements written in ``order``."""
    places = transposed(shape, order)
    return bool((places == np.arange(len(places))).all())


def flatten_as_written(graph: Graph) -> Graph:
    """Return the graph with images flattened in the order of axes in which they are written.

    Before: ``x(H,W,C) -> Reshape(n) -> Relu -> Dense(w)``, x written as (C, H, W);
    after: ``x -> Transpose(C,H,W) -> Reshape(n) -> Relu -> Dense(w')``, where the Transpose
    needs no node in the file. The pass order-dense-columns is the way back.
    """
    orders = written_orders(graph)
    turned: dict[str, Order] = {}
    ops: dict[str, Op] = {}
    for name in graph.order():
        op = graph.op(name)
        if not isinstance(op, Reshape) or len(op.shape) != 1:
            continue
        (source,) = graph.inputs(name)
        order, readers = orders[source], dense_readers(graph, name)
        if readers is not None and not is_flat(graph.shape(source), order):
            turned[name] = order
            places = np.argsort(transposed(graph.shape(source), order))
            ops |= {reader: with_columns(graph.op(reader), places) for reader in readers}
    if not turned:
        return graph

    def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
        if name in turned:
            inputs = (builder.add(f"{name}/turned", Transpose(turned[name]), inputs),)
        return builder.add(name, op, inputs, graph.origin(name))

    return rebuild(graph.with_ops(ops), visit)


def _without(order: Order, op: ArgMax) -> Order:
    """Return the order of the axes that an ArgMax leaves."""
    if op.keepdims:
        return order
    return tuple(axis - (axis > op.axis) for axis in order if axis != op.axis)
