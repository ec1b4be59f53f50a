"""Programs made by hand, with random weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sangi.runtime.ops.add import Add
from sangi.runtime.ops.base import IntArray, Op, TensorType
from sangi.runtime.ops.concat import Concat
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense
from sangi.runtime.ops.maxpool import MaxPool
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.reshape import Reshape
from sangi.runtime.ops.sumpool import SumPool
from sangi.runtime.program import Input, Node, Output, Program


@dataclass(frozen=True, eq=False)
class Negate(Op):
    """An op that no engine computes."""

    def infer(self, *inputs: TensorType) -> TensorType:
        (x,) = inputs
        return TensorType(x.shape, -x.high, -x.low)

    def apply(self, *inputs: IntArray) -> IntArray:
        (x,) = inputs
        return -x


class Builder:
    """Adds nodes one after the other; every tensor is named after its node."""

    def __init__(self, shape, seed=0):
        self.rng = np.random.default_rng(seed)
        self.nodes = []
        self.types = {"x": TensorType(shape, 0, 255)}
        self.shape = shape

    def node(self, name, op, *inputs):
        self.types[name] = op.infer(*(self.types[tensor] for tensor in inputs))
        self.nodes.append(Node(name, op, inputs, name))
        return name

    def weights(self, shape, ternary):
        low, high = (-1, 2) if ternary else (-127, 128)
        return self.rng.integers(low, high, shape, dtype=np.int64)

    def conv(self, name, x, filters, kernel=3, stride=1, padding=None, ternary=False, groups=1):
        channels = self.types[x].channels // groups
        if padding is None:
            padding = (kernel // 2,) * 4
        weights = self.weights((filters, kernel, kernel, channels), ternary)
        return self.node(name, Conv(weights, (stride, stride), padding, groups=groups), x)

    def dense(self, name, x, filters, ternary=False):
        return self.node(name, Dense(self.weights((filters, self.types[x].channels), ternary)), x)

    def requantize(self, name, x):
        channels = self.types[x].channels
        multiplier = self.rng.integers(1 << 15, 1 << 16, channels, dtype=np.int64)
        offset = self.rng.integers(-(1 << 20), 1 << 20, channels, dtype=np.int64)
        return self.node(name, Requantize(multiplier, offset, 24, -128, 127, ties=False), x)

    def add(self, name, a, b):
        multipliers = self.rng.integers(1 << 14, 1 << 15, (2, 1), dtype=np.int64)
        offset = np.array([1 << 15], dtype=np.int64)
        return self.node(name, Add(multipliers, offset, 16, -128, 127), a, b)

    def concat(self, name, *xs, axis=-1):
        return self.node(name, Concat(axis % len(self.types[xs[0]].shape)), *xs)

    def maxpool(self, name, x, kernel=2):
        return self.node(name, MaxPool((kernel, kernel), (kernel, kernel)), x)

    def global_sum(self, name, x):
        size = self.types[x].shape[:2]
        return self.node(name, SumPool(size, size), x)

    def flatten(self, name, x):
        return self.node(name, Reshape((self.types[x].elements,)), x)

    def program(self, *outputs):
        one = np.ones(1)
        return Program(
            name="by_hand",
            inputs=(Input("x", "x", self.shape, "NHWC", "bytes"),),
            nodes=tuple(self.nodes),
            outputs=tuple(Output(tensor, tensor, one, 0 * one) for tensor in outputs),
            types=self.types,
            original_weights=1,
        )


def resnet8():
    """The shape of MLPerf Tiny's ResNet-8: 12.5 million multiply–accumulates, three Adds."""
    b = Builder((32, 32, 3))
    x = b.requantize("first_q", b.conv("first", "x", 16))
    for stack, (filters, stride) in enumerate([(16, 1), (32, 2), (64, 2)]):
        size = b.types[x].shape[0]
        # TensorFlow's padding: nothing above and left where the stride is 2
        same = None if stride == 1 else (0, 0, 1, 1)
        y = b.conv(f"stack{stack}/a", x, filters, stride=stride, padding=same)
        y = b.requantize(f"stack{stack}/a_q", y)
        y = b.requantize(f"stack{stack}/b_q", b.conv(f"stack{stack}/b", y, filters))
        if stride != 1:
            x = b.conv(f"stack{stack}/skip", x, filters, 1, stride, (0, 0, 0, 0))
            x = b.requantize(f"stack{stack}/skip_q", x)
        x = b.add(f"stack{stack}/add", x, y)
        assert b.types[x].shape[0] == size // stride
    x = b.requantize("pool_q", b.global_sum("pool", x))
    x = b.dense("dense", b.flatten("flat", x), 10)
    return b.program(x)


def digits():
    """A small network: convolution, pooling, convolution, pooling, dense."""
    b = Builder((8, 8, 1))
    x = b.requantize("q1", b.conv("conv1", "x", 8))
    x = b.maxpool("pool1", x)
    x = b.requantize("q2", b.conv("conv2", x, 16))
    x = b.maxpool("pool2", x)
    return b.program(b.dense("dense", b.flatten("flat", x), 10))
