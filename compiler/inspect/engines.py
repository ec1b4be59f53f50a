"""Which engines can compute the layers of a program."""

from __future__ import annotations

from collections.abc import Mapping

from ...hdl.engines import engine_of
from ...runtime.program import Program
from ..ir.graph import Graph
from ..ir.layers import layer_of
from ..lower.value import Value
from ..mapping.offers import Offers
from ..mapping.plan import make_plan

#: Cycles that any engine meets with a single lane.
SLOW = 1 << 40


def layer_engines(
    graph: Graph, program: Program, values: Mapping[str, Value | None]
) -> dict[str, tuple[str, ...]]:
    """Return the names of the engines of every layer, in the order of computation.

    Parameters
    ----------
    graph, program, values
        A graph and its lowering, with an engine for every node.

    Returns
    -------
    dict of layer (see ``layer_of``) to names
        Alternatives are joined by ``|``: all that can compute a Conv or Dense layer, those as well
        that pay only at high frame rates, or where they are asked for.
    """
    owners = _owners(graph, program, values)
    found: dict[str, list[str]] = {}
    nodes = {node.name: node for node in program.nodes}
    offers = Offers(program)
    for slot in make_plan(program, SLOW, offers).slots:
        if slot.node is None:
            continue
        if slot.node in offers.able:
            names = [offer.name for offer in offers.able[slot.node]]
        else:
            names = [*dict.fromkeys(engine_of(params).name for params in slot.options)]
        layer = owners[nodes[slot.node].output]
        found.setdefault(layer, []).append("|".join(names))
    return {layer: tuple(names) for layer, names in found.items()}


def _owners(graph: Graph, program: Program, values: Mapping[str, Value | None]) -> dict[str, str]:
    """Return the layer that every tensor of the program belongs to."""
    owners: dict[str, str] = {}
    for name in graph.order():
        value = values.get(name)
        for term in () if value is None else value.terms:
            owners.setdefault(term.tensor, layer_of(graph, name))
    # What lowering put in between belongs to its reader, or at the very end to its source.
    for node in reversed(program.nodes):
        if node.output in owners:
            for tensor in node.inputs:
                owners.setdefault(tensor, owners[node.output])
    for node in program.nodes:
        owners.setdefault(node.output, owners[node.inputs[0]])
    return owners
