"""Layers as users see them: an op with all that only rescales, clamps or rounds its results."""

from __future__ import annotations

from .graph import Graph
from .ops.base import Elementwise
from .ops.multithreshold import MultiThreshold
from .ops.quantize import Quantize
from .ops.reshape import Reshape
from .ops.tail import Sigmoid
from .ops.transpose import Transpose


def layer_of(graph: Graph, node: str) -> str:
    """Return the node whose results a node rescales, clamps, rounds or moves.

    ``Conv -> BatchNorm -> Relu -> Quantize``: all four are the layer of the Conv. What is rounded
    a second time is a layer of its own: in ``Quantize -> Relu -> Quantize`` the Relu is one.
    """
    name = first = node
    rounded = False
    while True:
        op = graph.op(name)
        if isinstance(op, Quantize | MultiThreshold):
            if rounded:
                return first
            rounded = True
        elif isinstance(op, Sigmoid) or not isinstance(op, Elementwise | Reshape | Transpose):
            return name
        else:
            first = name
        (name,) = graph.inputs(name)
