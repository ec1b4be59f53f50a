"""Taking channels out of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...ir.graph import Graph
from ...ir.ops.affine import Affine
from ...ir.ops.base import Op
from ...ir.ops.batchnorm import BatchNorm
from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ...ir.ops.pad import Pad
from ...ir.ops.quantize import Quantize
from ...ir.ops.reshape import Reshape
from ...ir.ops.slice import Slice
from ...ir.origin import Origin
from ..network import Network
from ..norm import Norm
from ..rule import BalancedTernary, Rule
from .ties import BoolArray, Ties, is_depthwise, mixes


@dataclass(frozen=True, eq=False)
class _Kept:
    """What stays of the last axis of an op's first input (its own for Input) and of its output."""

    input: BoolArray
    output: BoolArray


def remove_units(network: Network, ties: Ties, gone: BoolArray) -> Network:
    """Return the network without some units: smaller weights, Norms, quantizers and rules.

    What a channel added to the results of the layers that read it is lost. Where a layer gets
    fewer channels than its rule has banks, the rule has one bank afterwards.

    Parameters
    ----------
    network : Network
    ties : Ties
        Of its graph.
    gone : bool (number of units,)
        True for those to remove.

    Raises
    ------
    ValueError
        If a fixed unit is among them, or some node would be left without channels.
    """
    stays = _stays(ties, gone)
    rules = {
        name: _rule(network.layer(name), rule, _kept(network.graph, stays, name))
        for name, rule in network.rules.items()
    }
    return replace(network, graph=remove_channels(network.graph, ties, gone), rules=rules)


def remove_channels(graph: Graph, ties: Ties, gone: BoolArray) -> Graph:
    """Return a graph without some units; as ``remove_units``."""
    stays = _stays(ties, gone)
    ops = {name: _smaller(graph.op(name), _kept(graph, stays, name)) for name in stays}
    origins = {name: _origin(graph, name, stays[name]) for name in stays}
    return graph.with_ops(ops, origins).verify()


def _stays(ties: Ties, gone: BoolArray) -> Mapping[str, BoolArray]:
    fixed = np.flatnonzero(gone & ties.fixed)
    if len(fixed):
        raise ValueError(f"units to remove must not be fixed, as {fixed[0]} is")
    stays = {name: ~gone[units] for name, units in ties.units.items()}
    for name, kept in stays.items():
        if not kept.any():
            raise ValueError(f"'{name}' must keep a channel, not lose all {len(kept)}")
    return stays


def _kept(graph: Graph, stays: Mapping[str, BoolArray], name: str) -> _Kept:
    sources = graph.inputs(name)
    first = stays[sources[0]] if sources else stays[name]
    return _Kept(first, stays[name])


def _smaller(op: Op, kept: _Kept) -> Op:
    if kept.input.all() and kept.output.all():
        return op
    if isinstance(op, Conv | Dense):
        bias = None if op.bias is None else _chosen(op.bias, kept.output)
        scale = op.weight_scale
        if scale is not None and len(scale) > 1:
            scale = _chosen(scale, kept.output)
        op = replace(op, weight=_weights(op, op.weight, kept), weight_scale=scale, bias=bias)
        if isinstance(op, Conv) and is_depthwise(op):
            return replace(op, groups=int(kept.input.sum()))
        return op
    if isinstance(op, Norm):
        arrays = {what: getattr(op, what)[kept.output] for what in _NORM}
        return replace(op, **arrays)
    if isinstance(op, Quantize) and op.per_channel:
        return replace(
            op,
            scale=_chosen(op.scale, kept.output),
            zero_point=_chosen(op.zero_point, kept.output),
        )
    if isinstance(op, Affine | BatchNorm) and op.per_channel:
        return replace(
            op, scale=_chosen(op.scale, kept.output), shift=_chosen(op.shift, kept.output)
        )
    if isinstance(op, Reshape):
        return Reshape((*op.shape[:-1], int(kept.output.sum())))
    if isinstance(op, Slice):
        start = int(kept.input[: op.start[-1]].sum())
        size = int(kept.output.sum())
        return replace(op, start=(*op.start[:-1], start), size=(*op.size[:-1], size))
    if isinstance(op, Pad):
        before = int(kept.output[: op.before[-1]].sum())
        after = int(kept.output[len(kept.output) - op.after[-1] :].sum())
        return Pad((*op.before[:-1], before), (*op.after[:-1], after))
    return op


_NORM = ("gamma", "beta", "mean", "variance")


def _weights(op: Conv | Dense, array: Any, kept: _Kept) -> Any:
    """Return what stays of an array of a layer's weights, or of their mask."""
    array = array[kept.output]
    if mixes(op):
        array = array[..., kept.input]
    return np.ascontiguousarray(array)


def _rule(op: Conv | Dense, rule: Rule, kept: _Kept) -> Rule:
    grid = rule.grid
    if isinstance(grid, BalancedTernary) and mixes(op) and kept.input.sum() < grid.banks:
        grid = replace(grid, banks=1)
    return replace(
        rule,
        grid=grid,
        unit=None if rule.unit is None else rule.unit[kept.output],
        mask=None if rule.mask is None else _weights(op, rule.mask, kept),
    )


def _chosen(values: tuple[Any, ...], kept: BoolArray) -> tuple[Any, ...]:
    return tuple(value for value, stays in zip(values, kept.tolist(), strict=True) if stays)


def _origin(graph: Graph, name: str, kept: BoolArray) -> Origin:
    """Return the origin of what stays: the file's tensor without the same channels."""
    origin = graph.origin(name)
    if origin.places is None or kept.all():
        return origin
    # The last axis runs fastest.
    left = origin.places.reshape(-1, len(kept))[:, kept].reshape(-1)
    ranks = np.empty(len(left), np.int64)
    ranks[np.argsort(left)] = np.arange(len(left))
    return replace(origin, places=ranks)
