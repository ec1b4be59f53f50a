"""Small float graphs to compress, and ONNX Runtime to execute them under compression."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from sangi.compiler.compress.norm import Norm
from sangi.compiler.execute.run import run_graph
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.concat import Concat
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.tail import Softmax

FRAME = (8, 8, 3)


class Net:
    """Builds a graph of layers with random numbers; every method returns the node's name."""

    def __init__(self, shape: tuple[int, ...] = FRAME, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.builder = GraphBuilder("net")
        self.x = self.builder.add("x", Input("x", shape, "NHWC"))

    def add(self, name: str, op: Any, *inputs: str) -> str:
        return self.builder.add(name, op, inputs)

    def bias(self, filters: int) -> tuple[Fraction, ...]:
        return tuple(Fraction(float(np.float32(b))) for b in self.random.normal(size=filters))

    def conv(self, x: str, filters: int, name: str, size: int = 3, **options: Any) -> str:
        channels = self.builder.shape(x)[-1] // options.get("groups", 1)
        weight = self.random.normal(size=(filters, size, size, channels)).astype(np.float32)
        padding = (size // 2,) * 4
        op = Conv(weight.astype(np.float64), bias=self.bias(filters), padding=padding, **options)
        return self.builder.add(name, op, [x])

    def dense(self, x: str, filters: int, name: str) -> str:
        shape = self.builder.shape(x)
        if len(shape) > 1:
            x = self.builder.add(f"{name}/flat", Reshape((int(np.prod(shape)),)), [x])
        size = (filters, int(np.prod(shape)))
        weight = self.random.normal(size=size).astype(np.float32)
        op = Dense(weight.astype(np.float64), bias=self.bias(filters))
        return self.builder.add(name, op, [x])

    def relu(self, x: str) -> str:
        return self.builder.add(f"{x}/relu", Relu(), [x])

    def pool(self, x: str) -> str:
        return self.builder.add(f"{x}/pool", MaxPool((2, 2), (2, 2)), [x])

    def mean(self, x: str) -> str:
        shape = self.builder.shape(x)
        return self.builder.add(f"{x}/mean", AveragePool(shape[:2], (1, 1)), [x])

    def build(self, *outputs: str) -> Graph:
        return self.builder.build([(name, name) for name in outputs]).verify()


def vgg() -> Graph:
    """Normalization, two convolutions, two fully connected layers behind a flatten, Softmax."""
    net = Net()
    x = net.add("scale", Affine((Fraction(1, 8),), (Fraction(-1),)), net.x)
    x = net.relu(net.conv(x, 6, "a"))
    x = net.pool(net.relu(net.conv(x, 8, "b")))
    x = net.relu(net.dense(x, 10, "c"))
    return net.build(net.add("softmax", Softmax(0), net.dense(x, 4, "d")))


def residual() -> Graph:
    """A stem, a block with the identity, and one with a convolution in its shortcut."""
    net = Net(seed=1)
    stem = net.relu(net.conv(net.x, 6, "stem"))
    x = net.conv(net.relu(net.conv(stem, 5, "a1")), 6, "a2")
    first = net.relu(net.add("add1", Add(), x, stem))
    x = net.conv(net.relu(net.conv(first, 7, "b1", stride=(2, 2))), 8, "b2")
    short = net.conv(first, 8, "short", 1, stride=(2, 2))
    x = net.mean(net.relu(net.add("add2", Add(), x, short)))
    return net.build(net.dense(x, 4, "out"))


def depthwise() -> Graph:
    """Depthwise separable layers; a BatchNorm that no layer could take."""
    net = Net(seed=2)
    x = net.relu(net.conv(net.x, 6, "stem"))
    x = net.relu(net.conv(x, 6, "dw", groups=6))
    x = net.relu(net.conv(x, 8, "pw", 1))
    scale = tuple(Fraction(int(s), 8) for s in net.random.integers(-9, 9, 8))
    x = net.relu(net.add("bn", BatchNorm(scale, scale[::-1]), net.pool(x)))
    return net.build(net.dense(net.mean(x), 4, "out"))


def dense_block() -> Graph:
    """Two growing layers whose results stand beside their inputs, BatchNorm in front of layers."""
    net = Net(seed=3)
    x = net.relu(net.conv(net.x, 4, "stem"))
    for number, growth in ((1, 3), (2, 5)):
        new = net.relu(net.conv(x, growth, f"g{number}"))
        x = net.add(f"cat{number}", Concat(2), x, new)
    scale = tuple(Fraction(int(s), 8) for s in net.random.integers(1, 9, 12))
    x = net.relu(net.add("bn", BatchNorm(scale, scale[::-1]), x))
    return net.build(net.dense(net.pool(net.conv(x, 6, "narrow", 1)), 4, "out"))


def frames(count: int = 40, shape: tuple[int, ...] = FRAME, seed: int = 9) -> np.ndarray:
    """Images of bytes."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype(np.float32)


def plain(graph: Graph) -> Graph:
    """Return the graph with what every Norm computes as a BatchNorm."""
    ops = {}
    for name in graph.order():
        op = graph.op(name)
        if isinstance(op, Norm):
            gain = op.gain()
            ops[name] = BatchNorm(_exact(gain), _exact(op.beta - gain * op.mean))
    return graph.with_ops(ops)


def evaluate(graph: Graph, x: np.ndarray) -> list[np.ndarray]:
    """Return the outputs by ONNX Runtime."""
    nodes = [node for node, _ in graph.outputs]
    values = run_graph(plain(graph), x, nodes)
    return [values[node] for node in nodes]


def _exact(values: np.ndarray) -> tuple[Fraction, ...]:
    return tuple(Fraction(float(value)) for value in values)
