"""What makes an ONNX file a graph: names, one maker for every tensor, an order without cycles."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from ....runtime.errors import ModelError
from .reader import node_name

#: Fields whose text means nothing to the compiler.
_PROSE = ("doc_string", "producer_name", "producer_version")

#: Nodes of a cycle that are named.
_SHOWN = 8


def check_names(path: object, message: Any) -> None:
    """Raise ModelError where a name is not UTF-8 text.

    Protobuf gives such a name as bytes: neither the tools behind nor a report could carry it.
    """
    for where, value in _texts(message, ""):
        if not isinstance(value, str):
            raise ModelError(
                f"{path}: {where} must be UTF-8 text, not {value!r}; the file is damaged"
            )


def _texts(message: Message, where: str) -> Iterator[tuple[str, Any]]:
    for field, value in message.ListFields():
        name = f"{where}.{field.name}" if where else field.name
        if field.type == FieldDescriptor.TYPE_STRING and field.name not in _PROSE:
            if isinstance(value, str | bytes):
                yield name, value
            else:
                yield from ((f"{name}[{place}]", entry) for place, entry in enumerate(value))
        elif isinstance(value, Message):
            yield from _texts(value, name)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for place, entry in enumerate(value):
                yield from _texts(entry, f"{name}[{place}]")


def check_graph(path: object, graph: Any) -> None:
    """Raise ModelError where nodes do not make a graph.

    Parameters
    ----------
    path : path of the file
    graph : onnx.GraphProto
        Nodes are put in order, producers before consumers, where the file has another order.
    """
    makers: dict[str, str] = {}
    constants: set[str] = set()
    for tensor in (*graph.initializer, *graph.sparse_initializer):
        name = tensor.name if hasattr(tensor, "name") else tensor.values.name
        if not name:
            raise ModelError(f"{path}: every initializer must have a name")
        if name in constants:
            raise ModelError(f"{path}: initializer '{name}' must be there once, not twice")
        constants.add(name)
    for value in graph.input:
        if not value.name:
            raise ModelError(f"{path}: every input must have a name")
        _claim(path, makers, value.name, "is an input")
    for name in constants:
        makers.setdefault(name, "is an initializer")
    for node in graph.node:
        if not any(node.output):
            raise ModelError(
                f"{path}: {node.op_type or 'node'} '{node.name}' must have an output with a name"
            )
        for name in node.output:
            if name:
                _claim(path, makers, name, f"is made by {shown(node)}")
    for node in graph.node:
        for name in node.input:
            if name and name not in makers:
                raise ModelError(f"{shown(node)} reads '{name}', which nothing in the model makes")
    for value in graph.output:
        if value.name not in makers:
            raise ModelError(f"{path}: output '{value.name}' must be made by a node of the model")
    _sort(path, graph)


def _claim(path: object, makers: dict[str, str], name: str, how: str) -> None:
    if name in makers:
        raise ModelError(
            f"{path}: tensor '{name}' must be made once, not twice: it {makers[name]} and {how}"
        )
    makers[name] = how


def _sort(path: object, graph: Any) -> None:
    """Put nodes in order; the file's own where it is one already."""
    nodes = list(graph.node)
    maker = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    readers: list[list[int]] = [[] for _ in nodes]
    waiting = []
    for index, node in enumerate(nodes):
        sources = {maker[name] for name in node.input if name in maker}
        waiting.append(len(sources))
        for source in sources:
            readers[source].append(index)
    ready = [index for index, count in enumerate(waiting) if not count]
    heapify(ready)
    order = []
    while ready:
        index = heappop(ready)
        order.append(index)
        for reader in readers[index]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heappush(ready, reader)
    if len(order) < len(nodes):
        raise ModelError(
            f"{path}: nodes must not depend on themselves, and these do, in a cycle: "
            + " → ".join(shown(nodes[index]) for index in _cycle(nodes, maker, waiting)[:_SHOWN])
        )
    if order != sorted(order):
        del graph.node[:]
        graph.node.extend(nodes[index] for index in order)


def _cycle(nodes: list[Any], maker: dict[str, int], waiting: list[int]) -> list[int]:
    """Return a cycle, first node last as well: walk back from a node that never became ready."""
    index = next(index for index, count in enumerate(waiting) if count)
    seen: list[int] = []
    while index not in seen:
        seen.append(index)
        sources = (maker[name] for name in nodes[index].input if name in maker)
        index = next(source for source in sources if waiting[source])
    return [index, *reversed(seen[seen.index(index) :])]


def shown(node: Any) -> str:
    """Return how messages name a node: its op type and its name."""
    return f"{node.op_type} '{node_name(node)}'"
