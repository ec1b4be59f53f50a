"""Random networks under compression: layers, rules and quantizers of all kinds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from sangi.compiler.compress.activations import quantize_activations
from sangi.compiler.compress.codes import unit_of
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.norm import Norm
from sangi.compiler.compress.prune.balanced import can_balance
from sangi.compiler.compress.rule import BalancedTernary, Integer, Rule, Ternary
from sangi.compiler.ir import ops as ir
from sangi.compiler.ir.graph import GraphBuilder
from sangi.compiler.quantize.ranges import Range

from .imitation import Unchanged

FRAME = (6, 5, 3)


class _Maker:
    """Builds a graph of random layers, each with a Norm, as ``prepare`` does."""

    def __init__(self, random: np.random.Generator, layout: str, depthwise: bool) -> None:
        self.random = random
        self.depthwise = depthwise
        self.builder = GraphBuilder("random")
        declared = FRAME if layout == "NHWC" else (FRAME[2], *FRAME[:2])
        self.x = self.builder.add("x", ir.Input("x", declared, layout))

    def add(self, op: Any, *inputs: str) -> str:
        return self.builder.add(type(op).__name__.lower(), op, inputs)

    def normals(self, *shape: int) -> np.ndarray:
        return self.random.normal(size=shape).astype(np.float32).astype(np.float64)

    def norm(self, x: str) -> str:
        channels = self.builder.shape(x)[-1]
        gamma, beta, mean = (self.normals(channels) for _ in range(3))
        # Some channels are constants.
        gamma[self.random.random(channels) < 0.1] = 0
        variance = np.abs(self.normals(channels))
        return self.add(Norm(gamma, beta, mean, variance), x)

    def conv(self, x: str) -> str:
        _, _, channels = self.builder.shape(x)
        kind = self.random.integers(0 if self.depthwise else 1, 3)
        groups = channels if kind == 0 else 1
        filters = channels * int(self.random.integers(1, 3)) if kind == 0 else None
        filters = filters or int(self.random.integers(1, 9))
        size = (3, 3) if kind < 2 else (1, 1)
        padding = (1, 1, 1, 1) if kind < 2 else (0, 0, 0, 0)
        weight = self.normals(filters, *size, channels // groups)
        bias = tuple(map(Fraction, self.normals(filters))) if self.random.random() < 0.3 else None
        return self.norm(self.add(ir.Conv(weight, None, bias, padding=padding, groups=groups), x))

    def dense(self, x: str, filters: int, last: bool = False) -> str:
        weight = self.normals(filters, *self.builder.shape(x))
        op = ir.Dense(weight, None, tuple(map(Fraction, self.normals(filters))) if last else None)
        return self.add(op, x) if last else self.norm(self.add(op, x))

    def block(self, x: str) -> str:
        kind = self.random.integers(4)
        rows, columns, channels = self.builder.shape(x)
        if kind == 0 and min(rows, columns) > 2:
            return self.add(ir.MaxPool((2, 2), (int(self.random.integers(1, 3)), 2)), x)
        if kind == 1:
            weight = self.normals(channels, 3, 3, channels)
            made = self.norm(self.add(ir.Conv(weight, padding=(1, 1, 1, 1)), x))
            return self.add(ir.Relu(), self.add(ir.Add(), x, made))
        made = self.conv(x)
        return self.add(ir.Relu(), made) if self.random.random() < 0.8 else made


def random_network(seed: int, layout: str, depthwise: bool = True) -> Network:
    """Return a network of a few blocks with random rules and narrow activations."""
    random = np.random.default_rng(seed)
    maker = _Maker(random, layout, depthwise)
    x = maker.x
    for _ in range(random.integers(1, 5)):
        x = maker.block(x)
    if random.random() < 0.3:
        x = maker.add(ir.AveragePool(maker.builder.shape(x)[:2], (1, 1)), x)
    x = maker.add(ir.Reshape((int(np.prod(maker.builder.shape(x))),)), x)
    for _ in range(random.integers(0, 2)):
        x = maker.add(ir.Relu(), maker.dense(x, int(random.integers(1, 12))))
    x = maker.dense(x, 4, last=True)
    graph = maker.builder.build([(x, "scores")]).verify()
    network = Network(graph, {}, int(random.integers(1, 10**6)))
    rules = {name: _rule(random, network.layer(name)) for name in network.layers()}
    spans = {
        name: Range(float(-abs(random.normal())), float(abs(random.normal()) + 1))
        for name in graph.order()
    }
    network = replace(network, rules=rules)
    bits = int(random.integers(2, 9))
    return quantize_activations(network, bits, Unchanged(spans), byte_input=True)


def _rule(random: np.random.Generator, layer: ir.Conv | ir.Dense) -> Rule:
    mask = None if random.random() < 0.5 else random.random(layer.weight.shape) < 0.6
    kind = random.integers(3)
    if kind == 0:
        return Rule(Integer(int(random.integers(2, 9))), None, mask)
    unit = unit_of(layer.weight, mask)
    if kind == 1 or not can_balance(layer, 2):
        return Rule(Ternary(float(random.random() * 0.6)), unit, mask)
    return Rule(BalancedTernary(float(random.random()), 2), unit, None)


def bytes_for(network: Network, count: int, seed: int) -> np.ndarray:
    """Return frames of bytes in the layout that the network's input declares."""
    op = network.graph.op("x")
    return np.random.default_rng(seed).integers(0, 256, (count, *op.shape), np.uint8)
