"""Small networks with quantizers and rules, and exact arithmetic to execute them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from sangi.compiler.compress.codes import codes_of, unit_of
from sangi.compiler.compress.data.samples import Samples
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import BalancedTernary, Grid, Integer, Rule, Ternary
from sangi.compiler.execute.real.execute import execute_real
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.rebuild import rebuild

from ..graphs import frames, plain, vgg

GRIDS: tuple[Grid, ...] = (Integer(8), Integer(3), Ternary(0.3), BalancedTernary(0.5, 3))


def ruled(network: Network, grid: Grid, masked: bool = False) -> Network:
    """Return the network with all weights on one grid; layers too narrow for banks are ternary."""
    random = np.random.default_rng(5)
    rules = {}
    for name in network.layers():
        weight = network.layer(name).weight
        mask = random.random(weight.shape) < 0.8 if masked else None
        own = grid
        if isinstance(grid, BalancedTernary) and weight.shape[-1] < grid.banks:
            own = Ternary(0.3)
        rules[name] = Rule(own, None if isinstance(grid, Integer) else unit_of(weight, mask), mask)
    return network.with_rules(rules)


def quantized(network: Network, scale: float = 0.23, high: int = 15) -> Network:
    """Return the network with a quantizer of codes 0 … ``high`` behind every Relu.

    The scale is no round number: nothing exact lies on a tie.
    """
    grid = Quantize((Fraction(float(np.float32(scale))),), (0,), 0, high)

    def visit(builder: Any, name: str, op: Any, inputs: tuple[str, ...]) -> str:
        node = builder.add(name, op, inputs, network.graph.origin(name))
        if not isinstance(op, Relu):
            return node
        return builder.add(f"{name}/q", grid, [node])

    return replace(network, graph=rebuild(network.graph, visit))


def small(grid: Grid | None = GRIDS[2], masked: bool = False) -> Network:
    """Return a network of four layers: a VGG for frames (8, 8, 3) and four classes."""
    network = quantized(prepare(vgg(), frames()))
    return network if grid is None else ruled(network, grid, masked)


def learnable() -> Network:
    """Return a network for the same frames, its weights of the size that training starts at."""
    graph = vgg()
    ops: dict[str, Op] = {"scale": Affine((Fraction(1, 128),), (Fraction(-1),))}
    for name in ("a", "b", "c", "d"):
        layer: Any = graph.op(name)
        size = np.sqrt(2 / layer.weight[0].size)
        weight = (layer.weight * size).astype(np.float32).astype(np.float64)
        ops[name] = replace(layer, weight=weight, bias=(Fraction(0),) * len(weight))
    return prepare(graph.with_ops(ops), frames())


def samples(count: int = 96, seed: int = 3) -> Samples:
    """Return images whose class is the brightest quarter."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 4, count)
    x = random.integers(0, 120, (count, 8, 8, 3))
    for image, label in zip(x, y, strict=True):
        row, column = 4 * (label // 2), 4 * (label % 2)
        image[row : row + 4, column : column + 4] += 100
    return Samples(x.astype(np.uint8), y)


def exact_outputs(network: Network, x: np.ndarray) -> list[np.ndarray]:
    """Return the outputs in float64: integer weights with their scales, exact rationals."""
    ops = {}
    for name in network.layers():
        layer, rule = network.layer(name), network.rules[name]
        codes, scale = codes_of(layer.weight, rule)
        scales = tuple(Fraction(float(value)) for value in scale)
        ops[name] = replace(layer, weight=codes.astype(np.int64), weight_scale=scales)
    graph: Graph = plain(network.graph.with_ops(ops))
    values = execute_real(graph, x)
    return [values[node] for node, _ in graph.outputs]
