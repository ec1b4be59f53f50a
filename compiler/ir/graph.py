"""The graph IR: ops of unique names, joined by the tensors that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import networkx as nx

from ...runtime.errors import ModelError
from .ops.base import Op, Shape, checked
from .origin import Origin


@dataclass(frozen=True, eq=False)
class Graph:
    """A network as a value: edits return a new graph.

    Attributes
    ----------
    name : str
        The model's name.
    net : networkx.MultiDiGraph
        Node attributes ``op``, ``origin`` (the tensor of the file that the node's one output is)
        and ``index`` (place in the file, which settles the order); edge attributes ``output`` (0)
        and ``input``.
        Never changed in place.
    outputs : tuple of (node, ONNX output name)
    metadata : mapping of str to str
        What the file says about itself (``sangi.…`` keys).
    """

    name: str
    net: Any
    outputs: tuple[tuple[str, str], ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _order(self) -> tuple[str, ...]:
        nodes = self.net.nodes
        return tuple(
            nx.lexicographical_topological_sort(
                self.net, key=lambda name: (nodes[name]["index"], name)
            )
        )

    @cached_property
    def _shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for name in self._order:
            op = self.op(name)
            try:
                op.verify()
                inputs = self.inputs(name)
                if op.arity is not None and len(inputs) != op.arity:
                    raise ValueError(f"number of inputs must be {op.arity}, not {len(inputs)}")
                shapes[name] = checked(op.infer(*(shapes[source] for source in inputs)))
            except ValueError as error:
                raise ModelError(f"{type(op).__name__} '{name}': {error}") from error
        return shapes

    def order(self) -> tuple[str, ...]:
        """Return all names, producers before consumers, otherwise in the file's order."""
        return self._order

    def op(self, name: str) -> Op:
        """Return the op of a node."""
        op: Op = self.net.nodes[name]["op"]
        return op

    def tensor(self, name: str) -> str:
        """Return the name of the tensor that a node makes."""
        return self.origin(name).tensor

    def origin(self, name: str) -> Origin:
        """Return the tensor of the file that a node makes, and the order of its elements."""
        origin: Origin = self.net.nodes[name]["origin"]
        return origin

    def inputs(self, name: str) -> tuple[str, ...]:
        """Return the producers of a node's inputs, in input order."""
        edges = sorted(
            (data["input"], source) for source, _, data in self.net.in_edges(name, data=True)
        )
        return tuple(source for _, source in edges)

    def consumers(self, name: str) -> tuple[tuple[str, int], ...]:
        """Return (consumer, input index) of everything that reads a node, in a fixed order."""
        nodes = self.net.nodes
        edges = sorted(
            (nodes[target]["index"], target, data["input"])
            for _, target, data in self.net.out_edges(name, data=True)
        )
        return tuple((target, index) for _, target, index in edges)

    def shape(self, name: str) -> Shape:
        """Return the shape of a node's tensor: one frame, without the batch axis.

        Raises
        ------
        ModelError
            If any node's inputs do not fit its op; the message names the node.
        """
        return self._shapes[name]

    def is_output(self, name: str) -> bool:
        """Whether a node's tensor is an output of the graph."""
        return any(node == name for node, _ in self.outputs)

    def verify(self) -> Graph:
        """Return the graph itself after checking every op and shape (see ``shape``)."""
        _ = self._shapes  # computing the shapes is the check
        return self

    def with_ops(self, ops: Mapping[str, Op], origins: Mapping[str, Origin] | None = None) -> Graph:
        """Return the graph with other ops (and origins) in the nodes named."""
        net = self.net.copy()
        for name, op in ops.items():
            net.nodes[name]["op"] = op
        for name, origin in (origins or {}).items():
            net.nodes[name]["origin"] = origin
        return replace(self, net=net)


class GraphBuilder:
    """Collects nodes in order and makes a Graph of them."""

    def __init__(self, name: str, metadata: Mapping[str, str] | None = None) -> None:
        self._name = name
        self._metadata = dict(metadata or {})
        self._net = nx.MultiDiGraph()
        self._shapes: dict[str, Shape] = {}

    def unique(self, name: str) -> str:
        """Return ``name``, with a number behind it where it is taken."""
        candidate, number = name, 1
        while candidate in self._net:
            number += 1
            candidate = f"{name}_{number}"
        return candidate

    def add(
        self, name: str, op: Op, inputs: Iterable[str] = (), tensor: str | Origin | None = None
    ) -> str:
        """Append a node and return its name (made unique), which also names its tensor by default.

        Raises
        ------
        ModelError
            If the inputs do not fit the op.
        """
        name = self.unique(name)
        sources = tuple(inputs)
        try:
            op.verify()
            self._shapes[name] = checked(op.infer(*(self._shapes[source] for source in sources)))
        except ValueError as error:
            raise ModelError(f"{type(op).__name__} '{name}': {error}") from error
        origin = tensor if isinstance(tensor, Origin) else Origin(tensor or name)
        self._net.add_node(name, op=op, origin=origin, index=len(self._net))
        for index, source in enumerate(sources):
            self._net.add_edge(source, name, output=0, input=index)
        return name

    def shape(self, name: str) -> Shape:
        """Return the shape of a node added before."""
        return self._shapes[name]

    def op(self, name: str) -> Op:
        """Return the op of a node added before."""
        op: Op = self._net.nodes[name]["op"]
        return op

    def inputs(self, name: str) -> tuple[str, ...]:
        """Return the producers of the inputs of a node added before."""
        edges = self._net.in_edges(name, data="input")
        return tuple(source for source, _, _ in sorted(edges, key=lambda edge: edge[2]))

    def build(self, outputs: Iterable[tuple[str, str]]) -> Graph:
        """Return the graph with these (node, ONNX output name) as its outputs."""
        # An iterator may still add nodes: it runs before the copy.
        ends = tuple(outputs)
        return Graph(self._name, self._net.copy(), ends, self._metadata)
