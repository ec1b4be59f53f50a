"""Quantizers of activations in a network under compression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from ..ir.graph import Graph, GraphBuilder
from ..ir.ops.add import Add
from ..ir.ops.affine import Affine
from ..ir.ops.averagepool import AveragePool
from ..ir.ops.base import Op
from ..ir.ops.batchnorm import BatchNorm
from ..ir.ops.input import Input
from ..ir.ops.quantize import Quantize
from ..ir.rebuild import rebuild
from ..quantize.places import quantized_nodes
from ..quantize.ranges import Range, grid
from ..quantize.shared import shared_grids
from .network import Network
from .norm import Norm
from .trainer import Trainer

WIDE_BITS = 8
"""Of the input, and of what no layer multiplies: it costs wires and FIFOs, no weights."""


@dataclass(frozen=True)
class _Group:
    """Places whose quantizers are one grid, and its bits."""

    places: tuple[str, ...]
    bits: int


def quantize_activations(
    network: Network, bits: int, trainer: Trainer, *, byte_input: bool
) -> Network:
    """Return the network with activations on grids of ``bits`` bits, instead of all it had.

    The input, averages and what only an Add reads get 8 bits. Quantizers stand where
    ``quantize.places`` puts them; a grid is that of the least squared error on the network's
    activations as they are now: Norm keeps them where they are while weights become coarser.

    Parameters
    ----------
    network : Network
    bits : int
        2 … 8.
    trainer : Trainer
        To observe activations.
    byte_input : bool
        Whether images are bytes: codes of the input are the pixels then, unless constants
        normalize them in the graph.
    """
    network = replace(network, graph=without_quantizers(network.graph))
    graph = network.graph
    groups = _groups(graph, bits)
    ranges: dict[str, Range] = {}
    for width in sorted({group.bits for group in groups}):
        places = [place for group in groups if group.bits == width for place in group.places]
        ranges |= trainer.ranges(network, places, width)
    grids: dict[str, Quantize] = {}
    for group in groups:
        first, *others = group.places
        span = ranges[first]
        for place in others:
            span = span.join(ranges[place])
        shared = grid(span, group.bits)
        if byte_input and not others and isinstance(graph.op(first), Input):
            shared = Quantize((Fraction(1),), (0,), 0, 255)
        grids |= dict.fromkeys(group.places, shared)
    return replace(network, graph=_with_quantizers(graph, grids))


def without_quantizers(graph: Graph) -> Graph:
    """Return the graph without Quantize nodes; all others keep their names."""

    def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
        if isinstance(op, Quantize):
            return inputs[0]
        return builder.add(name, op, inputs, graph.origin(name))

    return rebuild(graph, visit)


def _groups(graph: Graph, bits: int) -> tuple[_Group, ...]:
    """Return the places of quantizers: those that meet in a Concat together."""
    norms = {name: op for name in graph.order() if isinstance(op := graph.op(name), Norm)}
    # Where quantizers go does not depend on numbers: Norm counts as the BatchNorm that it will be.
    ones = {
        name: BatchNorm((Fraction(1),) * len(op.gamma), (Fraction(0),) * len(op.gamma))
        for name, op in norms.items()
    }
    plain = graph.with_ops(ones)
    places = quantized_nodes(plain)
    shared = {group[0]: group for group in shared_grids(plain, places)}
    followers = {place for group in shared.values() for place in group[1:]}
    groups: list[_Group] = []
    for place in places:
        if place not in followers:
            group = shared.get(place, (place,))
            wide = any(_is_wide(graph, member) for member in group)
            groups.append(_Group(group, WIDE_BITS if wide else bits))
    return tuple(groups)


def _is_wide(graph: Graph, place: str) -> bool:
    """Whether a place holds the input (normalized or not), an average or a summand."""
    op = graph.op(place)
    source = place
    while isinstance(op, Affine):
        (source,) = graph.inputs(source)
        op = graph.op(source)
    if isinstance(op, Input | AveragePool):
        return True
    readers = graph.consumers(place)
    return bool(readers) and all(isinstance(graph.op(reader), Add) for reader, _ in readers)


def _with_quantizers(graph: Graph, grids: Mapping[str, Quantize]) -> Graph:
    def visit(builder: GraphBuilder, name: str, op: Op, inputs: tuple[str, ...]) -> str:
        node = builder.add(name, op, inputs, graph.origin(name))
        if name not in grids:
            return node
        return builder.add(f"{name}/quantize", grids[name], [node])

    return rebuild(graph, visit)
