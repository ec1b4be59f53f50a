"""Which quantizers must have one grid, because their codes meet in a Concat."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

import networkx as nx

from ..ir.graph import Graph
from ..ir.ops.averagepool import AveragePool
from ..ir.ops.base import Elementwise, Op
from ..ir.ops.clip import Clip
from ..ir.ops.concat import Concat
from ..ir.ops.maxpool import MaxPool
from ..ir.ops.pad import Pad
from ..ir.ops.relu import Relu
from ..ir.ops.reshape import Reshape
from ..ir.ops.slice import Slice
from ..ir.ops.transpose import Transpose

#: Ops whose results lie on the grid of their input.
_KEEPS = Clip | Concat | MaxPool | Pad | Relu | Reshape | Slice | Transpose


def shared_grids(graph: Graph, places: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the places whose quantizers must be one, in groups of at least two.

    A layer adds channels up, so that all of them need one grid, wherever they come from. A
    BatchNorm behind the Concat, constants and averages take every channel by itself: their
    quantizer rounds each from its own grid.

    Parameters
    ----------
    graph : Graph
        Channels last, as ``quantized_nodes`` takes it.
    places : names of nodes
        Behind which quantizers stand, or will.
    """
    order = {name: number for number, name in enumerate(places)}
    met: Any = nx.Graph()
    for name in graph.order():
        if isinstance(graph.op(name), Concat) and _adds_up(graph, name):
            nx.add_path(met, _sources(graph, name, order))
    groups = [tuple(sorted(group, key=order.__getitem__)) for group in nx.connected_components(met)]
    return tuple(sorted((g for g in groups if len(g) > 1), key=lambda group: order[group[0]]))


def _sources(graph: Graph, start: str, places: Container[str]) -> list[str]:
    """Return the places whose codes a node holds."""
    found: dict[str, None] = {}
    waiting = list(graph.inputs(start))
    while waiting:
        name = waiting.pop()
        if name in places:
            found[name] = None
        elif isinstance(graph.op(name), _KEEPS):
            waiting.extend(graph.inputs(name))
    return list(found)


def _adds_up(graph: Graph, start: str) -> bool:
    """Whether something behind a node needs its channels on one grid."""
    waiting = [start]
    while waiting:
        for name, _ in graph.consumers(waiting.pop()):
            op = graph.op(name)
            if isinstance(op, _KEEPS) and not isinstance(op, Slice | Pad):
                waiting.append(name)
            elif not _by_channel(op):
                return True
    return False


def _by_channel(op: Op) -> bool:
    """Whether an op takes channels with grids of their own."""
    return isinstance(op, Elementwise) or (isinstance(op, AveragePool) and not any(op.padding))
