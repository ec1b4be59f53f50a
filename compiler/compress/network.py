"""A network under compression, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..ir.graph import Graph
from ..ir.ops.base import Op
from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense
from .rule import Rule


@dataclass(frozen=True, eq=False)
class Network:
    """A float graph with trainable numbers, and a rule for the weights of every layer.

    Everything that training may move lies in the graph's ops: ``weight`` of Conv and Dense
    (float64 arrays that hold numbers of float32, never quantized ones: these are the hidden
    weights), ``bias`` of layers without a Norm, and the arrays of ``Norm``. Activation quantizers
    are Quantize nodes. Edits return a new network.

    Attributes
    ----------
    graph : Graph
        As ``prepare`` makes it: channels last, Norm instead of BatchNorm.
    rules : mapping of str to Rule
        One for every Conv and Dense, by the node's name.
    original_weights : int
        Number of weights of the network that was given.
    """

    graph: Graph
    rules: Mapping[str, Rule]
    original_weights: int

    def layers(self) -> tuple[str, ...]:
        """Return the names of all Conv and Dense nodes, in order."""
        return tuple(
            name for name in self.graph.order() if isinstance(self.graph.op(name), Conv | Dense)
        )

    def layer(self, name: str) -> Conv | Dense:
        """Return a Conv or Dense op."""
        op = self.graph.op(name)
        if not isinstance(op, Conv | Dense):
            raise KeyError(f"{name} must be a Conv or Dense node, not {type(op).__name__}")
        return op

    def with_ops(self, ops: Mapping[str, Op]) -> Network:
        """Return the network with other ops in the nodes named."""
        return replace(self, graph=self.graph.with_ops(ops))

    def with_rules(self, rules: Mapping[str, Rule]) -> Network:
        """Return the network with other rules for the layers named."""
        return replace(self, rules={**self.rules, **rules})
