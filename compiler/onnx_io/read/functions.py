"""Functions that a model brings along, put in place of the nodes that call them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import networkx as nx
from onnx import inliner

from ....runtime.errors import ModelError
from .limits import MAX_NODES

Key = tuple[str, str]


def inline_functions(path: object, model: Any) -> Any:
    """Return the model without functions of its own.

    Raises
    ------
    ModelError
        If functions call themselves, or more than 10,000 nodes come out of them: both are
        counted before anything is copied.
    """
    if not model.functions:
        return model
    bodies = {(function.domain, function.name): function.node for function in model.functions}
    calls = nx.DiGraph()
    calls.add_nodes_from(bodies)
    for key, nodes in bodies.items():
        calls.add_edges_from((key, called) for called in map(_key, nodes) if called in bodies)
    if not nx.is_directed_acyclic_graph(calls):
        names = ", ".join(sorted(name for _, name in bodies))
        raise ModelError(f"{path}: functions must not call themselves ({names})")
    sizes: dict[Key, int] = {}
    for key in reversed(list(nx.topological_sort(calls))):
        sizes[key] = _size(bodies[key], sizes)
    size = _size(model.graph.node, sizes)
    if size > MAX_NODES:
        raise ModelError(
            f"{path} must have at most {MAX_NODES:,} nodes, not {size:,} with its functions"
        )
    try:
        return inliner.inline_local_functions(model)
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"{path}: its functions cannot be put in place: {error}; export without functions"
        ) from error


def _size(nodes: Iterable[Any], sizes: dict[Key, int]) -> int:
    return sum(sizes.get(_key(node), 1) for node in nodes)


def _key(node: Any) -> Key:
    return node.domain, node.op_type
