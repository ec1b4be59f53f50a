"""Graphs of a few nodes, and a check that a pass changes no number."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sangi.compiler.execute.run import run_graph
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.passes.base import Pass
from sangi.compiler.passes.dead_code import DeadCode

RANDOM = np.random.default_rng(11)


def chain(shape: tuple[int, ...], *ops: Op) -> Graph:
    """A graph of one input and ops behind each other, named n0, n1, …"""
    builder = GraphBuilder("chain")
    node = builder.add("x", Input("x", shape, "NHWC" if len(shape) == 3 else "N"))
    for number, op in enumerate(ops):
        node = builder.add(f"n{number}", op, [node])
    return builder.build([(node, "y")])


def kinds(graph: Graph) -> list[str]:
    return [type(graph.op(name)).__name__ for name in graph.order()]


def unchanged(step: Pass, graph: Graph, nchw: bool = False) -> Graph:
    """Apply a pass, then dead-code, and compare the outputs on random frames, bit by bit."""
    after = DeadCode()(step(graph)).verify()
    shape = graph.shape(graph.order()[0])
    x = RANDOM.integers(-9, 10, (5, *shape)).astype(np.float32)
    moved = x.transpose(0, 2, 3, 1) if nchw else x
    for (old, _), (new, _) in zip(graph.outputs, after.outputs, strict=True):
        want, got = run_graph(graph, x, [old])[old], run_graph(after, moved, [new])[new]
        assert np.array_equal(want, got)
    return after


def conv(filters: int, channels: int, size: int = 3, padding: int = 1) -> Conv:
    weight = RANDOM.integers(-3, 4, (filters, size, size, channels)).astype(np.float64)
    return Conv(weight, padding=(padding,) * 4)


def dense(filters: int, features: int) -> Dense:
    return Dense(RANDOM.integers(-3, 4, (filters, features)).astype(np.float64))


def grid(scale: str = "1/2", zero_point: int = 0, low: int = 0, high: int = 255) -> Quantize:
    return Quantize((Fraction(scale),), (zero_point,), low, high)
