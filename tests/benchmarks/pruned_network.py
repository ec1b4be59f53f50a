"""A ternary network of which each layer has other zeros, so that each has another best engine."""

from __future__ import annotations

import numpy as np

from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense
from sangi.runtime.ops.maxpool import MaxPool
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.reshape import Reshape
from sangi.runtime.program import Input, Node, Output, Program


def pruned() -> Program:
    """Return a ternary network whose later layers have more zeros: 50, 80, 90 and 95 %."""
    rng = np.random.default_rng(5)
    types = {"x": TensorType((16, 16, 4), 0, 15)}
    nodes: list[Node] = []

    def add(name: str, op: Conv | Dense | MaxPool | Requantize | Reshape, source: str) -> str:
        types[name] = op.infer(types[source])
        nodes.append(Node(name, op, (source,), name))
        return name

    def ternary(shape: tuple[int, ...], zeros: float) -> np.ndarray:
        return rng.choice([-1, 1], shape) * (rng.random(shape) >= zeros)

    x = "x"
    for number, (filters, zeros) in enumerate([(16, 0.5), (32, 0.8), (32, 0.9), (64, 0.95)]):
        weights = ternary((filters, 3, 3, types[x].channels), zeros)
        x = add(f"conv{number}", Conv(weights, (1, 1), (1, 1, 1, 1)), x)
        multiplier = rng.integers(1 << 12, 1 << 13, filters, dtype=np.int64)
        offset = rng.integers(-(1 << 14), 1 << 14, filters, dtype=np.int64)
        x = add(f"q{number}", Requantize(multiplier, offset, 16, 0, 15, ties=False), x)
        if number in (1, 2):
            x = add(f"pool{number}", MaxPool((2, 2), (2, 2)), x)
    x = add("flat", Reshape((types[x].elements,)), x)
    x = add("dense", Dense(ternary((10, types[x].channels), 0.95)), x)
    return Program(
        name="pruned",
        inputs=(Input("x", "x", (16, 16, 4), "NHWC", "bytes"),),
        nodes=tuple(nodes),
        outputs=(Output(x, x, np.ones(1), np.zeros(1)),),
        types=types,
        original_weights=1,
    )
