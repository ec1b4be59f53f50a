"""A program with its channels in other orders: the same outputs, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...runtime.ops.add import Add
from ...runtime.ops.base import IntArray, Op
from ...runtime.ops.concat import Concat
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.ops.lookup import Lookup
from ...runtime.ops.requantize import Requantize
from ...runtime.ops.threshold import Threshold
from ...runtime.program import Node, Program
from .ties import Ties, derives_order, makes_order

Order = npt.NDArray[np.int64]


def orders_of(program: Program, ties: Ties, chosen: Mapping[str, Order]) -> dict[str, Order]:
    """Return the order of every tensor's channels.

    Parameters
    ----------
    program : Program
    ties : Ties
    chosen : mapping of str to int64 (channels,)
        By free class: channel i is what was channel ``order[i]``. All others stay as they are,
        but for those that follow from these.
    """
    orders = {
        name: chosen.get(ties.classes[name], np.arange(kind.channels, dtype=np.int64))
        for name, kind in program.types.items()
    }
    # What follows holds for its whole class, also behind the node that it follows from.
    followed: dict[str, Order] = {}
    for node in program.nodes:
        if derives_order(node, program.types):
            followed[ties.classes[node.output]] = _derived(program, node, orders)
        orders[node.output] = followed.get(ties.classes[node.output], orders[node.output])
    return orders


def _derived(program: Program, node: Node, orders: Mapping[str, Order]) -> Order:
    if isinstance(node.op, Concat):
        widths = [program.types[name].channels for name in node.inputs]
        starts = np.cumsum([0, *widths[:-1]])
        parts = [orders[name] + start for name, start in zip(node.inputs, starts, strict=True)]
        return np.concatenate(parts)
    x = program.types[node.inputs[0]]
    pixels = np.arange(x.pixels, dtype=np.int64)[:, None] * x.channels
    return (pixels + orders[node.inputs[0]]).ravel()


def arrange(program: Program, ties: Ties, chosen: Mapping[str, Order]) -> Program:
    """Return a program whose tensors have their channels in the chosen orders.

    Parameters
    ----------
    program, ties, chosen
        As in ``orders_of``.
    """
    orders = orders_of(program, ties, chosen)
    nodes = tuple(
        replace(node, op=_arranged(node, orders[node.inputs[0]], orders[node.output]))
        for node in program.nodes
    )
    return replace(program, nodes=nodes)


def _arranged(node: Node, before: Order, after: Order) -> Op:
    """Return an op for inputs and outputs in these orders."""
    op = node.op
    if isinstance(op, Conv | Dense):
        weights = op.weights[after]
        return replace(op, weights=weights[..., before] if makes_order(node) else weights)
    if isinstance(op, Add):
        offset = _picked(op.offset, after, 0)
        return replace(op, multipliers=_picked(op.multipliers, after, 1), offset=offset)
    if isinstance(op, Requantize):
        offset = _picked(op.offset, after, 0)
        return replace(op, multiplier=_picked(op.multiplier, after, 0), offset=offset)
    if isinstance(op, Threshold):
        values = _picked(op.values, after, 0)
        return replace(op, thresholds=_picked(op.thresholds, after, 0), values=values)
    if isinstance(op, Lookup):
        return replace(op, table=_picked(op.table, after, 0))
    return op


def _picked(table: IntArray, order: Order, axis: int) -> IntArray:
    """Return a table in another order of channels; one entry holds for all of them."""
    return table if table.shape[axis] == 1 else np.take(table, order, axis)
