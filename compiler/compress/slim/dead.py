"""Removing channels and neurons that nothing reads, or that always hold one number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...ir.graph import Graph
from ...ir.ops.base import Op
from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ...ir.rebuild import only_consumer
from ..codes import weights_of
from ..network import Network
from ..norm import FloatArray, Norm
from .constants import constants_of
from .remove import remove_channels, remove_units
from .ties import BoolArray, Ties, find_ties, mixes


@dataclass(frozen=True, eq=False)
class _Dead:
    """Units that can go, and what the results of the layers that read them lose.

    Attributes
    ----------
    gone : bool (number of units,)
    lost : mapping of layer to float64 (filters,)
        The sum of its weights times the constants that go; only layers where it is not 0.
    """

    gone: BoolArray
    lost: Mapping[str, FloatArray]


def remove_dead(network: Network) -> Network:
    """Return a network without dead channels: taken away until nothing changes.

    A channel is dead where every layer that reads it has only zero weights for it, or finds one
    number in it that does not depend on the image: then its sums move into the mean of the Norm
    behind that layer, or into its bias. Such a number other than 0 stays where a layer pads with
    zeros, since it does not reach over the border. Zero weights are those that a mask or a grid
    makes zero.

    Without grids the function stays what it was to float32. Under a grid, scales are those of the
    weights that are left, and a balanced layer has other banks: fine-tune afterwards, or use
    ``remove_dead_channels`` on the graph with final codes.

    Parameters
    ----------
    network : Network
    """
    while True:
        graph = network.graph
        weights = {
            name: weights_of(_float64(network.layer(name)), rule).astype(np.float64)
            for name, rule in network.rules.items()
        }
        ties = find_ties(graph)
        dead = _find(graph, ties, weights, zeros_only=False)
        if not dead.gone.any():
            return network
        network = network.with_ops(_compensated(graph, dead.lost))
        network = remove_units(network, ties, dead.gone)


def remove_dead_channels(graph: Graph) -> Graph:
    """Return a graph without channels that are always 0 or that nothing reads.

    Exact: what is left computes the same numbers, in every bit of its integer program too.

    Parameters
    ----------
    graph : Graph
        Float, or quantized with codes for weights.
    """
    while True:
        weights = {}
        for name in graph.order():
            op = graph.op(name)
            if isinstance(op, Conv | Dense):
                weights[name] = _real(op)
        ties = find_ties(graph)
        gone = _find(graph, ties, weights, zeros_only=True).gone
        if not gone.any():
            return graph
        graph = remove_channels(graph, ties, gone)


def _find(graph: Graph, ties: Ties, weights: Mapping[str, FloatArray], zeros_only: bool) -> _Dead:
    constants = constants_of(graph, weights)
    needed = ties.fixed.copy()
    layers = [name for name in weights if mixes(graph.op(name))]
    for name in layers:
        (source,) = graph.inputs(name)
        held = constants[source]
        op = graph.op(name)
        movable = held == 0
        if not zeros_only and not (isinstance(op, Conv) and any(op.padding)):
            movable |= ~np.isnan(held)
        needed[ties.units[source][_read(weights[name]) & ~movable]] = True
    gone = ~needed
    for units in ties.units.values():
        # A layer that is dead as a whole keeps one channel: its shape stays a shape.
        if gone[units].all():
            gone[units[0]] = False
    lost = {}
    for name in layers:
        (source,) = graph.inputs(name)
        leaves = gone[ties.units[source]] & _read(weights[name])
        held = np.where(leaves, np.nan_to_num(constants[source]), 0.0)
        sums = _taps(weights[name]).sum(axis=1) @ held
        if sums.any():
            lost[name] = sums
    return _Dead(gone, lost)


def _taps(weight: FloatArray) -> FloatArray:
    """Return weights as (filters, taps, channels)."""
    return weight.reshape(len(weight), -1, weight.shape[-1])


def _read(weight: FloatArray) -> BoolArray:
    """Return for which channels some weight is not zero."""
    read: BoolArray = (_taps(weight) != 0).any(axis=(0, 1))
    return read


def _compensated(graph: Graph, lost: Mapping[str, FloatArray]) -> dict[str, Op]:
    """Return the ops that make up for what layers' sums lose."""
    ops: dict[str, Op] = {}
    for name, sums in lost.items():
        op = graph.op(name)
        reader = only_consumer(graph, name)
        norm = None if reader is None else graph.op(reader)
        if reader is not None and isinstance(norm, Norm):
            mean = (norm.mean - sums).astype(np.float32).astype(np.float64)
            ops[reader] = replace(norm, mean=mean)
        elif isinstance(op, Conv | Dense):
            bias = op.bias or (Fraction(0),) * len(sums)
            moved = [float(old) + new for old, new in zip(bias, sums.tolist(), strict=True)]
            exact = tuple(Fraction(float(np.float32(value))) for value in moved)
            ops[name] = replace(op, bias=exact)
    return ops


def _real(op: Conv | Dense) -> FloatArray:
    weight = _float64(op)
    if op.weight_scale is None:
        return weight
    scale = np.array([float(value) for value in op.weight_scale])
    real: FloatArray = weight * scale.reshape(-1, *(1,) * (weight.ndim - 1))
    return real


def _float64(op: Conv | Dense) -> FloatArray:
    return op.weight.astype(np.float64, copy=False)
