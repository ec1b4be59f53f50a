"""Random networks, small and wide, that show every engine, to fit the cost models to."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from sangi.boards.load import load_board
from sangi.compiler.mapping.design import Design
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.mapping.wishes import LayerWish, Wishes
from sangi.runtime.errors import FitError
from sangi.runtime.ops.add import Add
from sangi.runtime.ops.base import Op, TensorType
from sangi.runtime.ops.concat import Concat
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.ops.maxpool import MaxPool
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.reshape import Reshape
from sangi.runtime.ops.sumpool import SumPool
from sangi.runtime.ops.threshold import Threshold
from sangi.runtime.program import Input, Node, Output, Program

ENOUGH = 10**6
"""Of look-up tables and flip-flops: a sample must not be kept from a circuit."""

SCARCE = (60, ENOUGH)
"""Of block RAMs and multipliers: where they are few, other circuits are the cheaper ones."""

CLOCK_MHZ = 50.0

RATES = (16_000.0, 4_000.0, 1_000.0)
"""Frames per second that are asked for in turn, until a circuit reaches them."""


UNROLLED = 4_000
"""Weights of a layer up to which it may be unrolled here: more take minutes."""


def draw_design(seed: int, board: str, width: int = 1) -> Design:
    """Map a drawn network, every layer by a drawn engine, for a board's family.

    Parameters
    ----------
    seed : int
    board : str
    width : int
        Times as many channels as in a small network, of a few dozen at most.
    """
    rng = random.Random(f"design {seed}")
    program, engines = draw_network(seed, width)
    wishes = Wishes(layers={name: LayerWish(engine=engine) for name, engine in engines.items()})
    large = replace(
        load_board(board),
        lut=ENOUGH,
        ff=ENOUGH,
        bram=rng.choice(SCARCE),
        dsp=rng.choice(SCARCE),
    )
    for rate in RATES[rng.randrange(len(RATES)) :]:
        try:
            return map_program(program, large, target_fps=rate, clock_mhz=CLOCK_MHZ, wishes=wishes)
        except FitError:
            continue
    return map_program(program, large, clock_mhz=CLOCK_MHZ, target_fps=100.0, wishes=wishes)


def draw_network(seed: int, width: int = 1) -> tuple[Program, dict[str, str]]:
    """Return a network of four convolutions with a branch, and engines for its layers."""
    return _Drawing(seed, width).run()


class _Drawing:
    """One network; every tensor is named after its node."""

    def __init__(self, seed: int, width: int) -> None:
        self.width = width
        self.choose = random.Random(f"network {seed}")
        self.rng = np.random.default_rng(seed)
        self.size = self.choose.choice([8, 12, 16])
        self.shape = (self.size, self.size, self.choose.choice([1, 3, 4]))
        self.types = {"x": TensorType(self.shape, 0, self.choose.choice([15, 255]))}
        self.nodes: list[Node] = []
        self.engines: dict[str, str] = {}

    def run(self) -> tuple[Program, dict[str, str]]:
        x = self.layer("conv0", "x", self.width * self.choose.choice([4, 8, 12]))
        y = self.layer("conv1", x, self.types[x].channels)
        x = self.joined(x, y)
        x = self.add("pool", MaxPool((2, 2), (2, 2)), x)
        if self.choose.random() < 0.6:
            x = self.lookup("lookup", x)
        x = self.depthwise("depth", x)
        x = self.layer("conv2", x, self.width * self.choose.choice([8, 16]))
        if self.choose.random() < 0.5:
            size = self.types[x].shape[:2]
            x = self.requantize("sum_q", self.add("sum", SumPool(size, size), x))
        x = self.add("flat", Reshape((self.types[x].elements,)), x)
        x = self.dense("dense", x, 10)
        program = Program(
            name="drawn",
            inputs=(Input("x", "x", self.shape, "NHWC", "bytes"),),
            nodes=tuple(self.nodes),
            outputs=(Output(x, x, np.ones(1), np.zeros(1)),),
            types=self.types,
            original_weights=1,
        )
        return program, self.engines

    def add(self, name: str, op: Op, *inputs: str) -> str:
        self.types[name] = op.infer(*(self.types[tensor] for tensor in inputs))
        self.nodes.append(Node(name, op, inputs, name))
        return name

    def weights(self, name: str, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        """Draw the weights of a layer and its engine: one that such weights are for."""
        kind = self.choose.choice(["ternary", "ternary", "four", "eight"])
        zeros = self.choose.choice([0.3, 0.6, 0.9])
        engines = ["folded"] if kind == "eight" else ["folded", "skipping", "unrolled"]
        if np.prod(shape) > UNROLLED:
            engines = engines[:2]
        self.engines[name] = self.choose.choice(engines)
        limit = {"ternary": 1, "four": 7, "eight": 127}[kind]
        values = self.rng.integers(1, limit + 1, shape) * self.rng.choice([-1, 1], shape)
        values *= self.rng.random(shape) >= (0.0 if kind == "eight" else zeros)
        values.reshape(-1)[0] = limit
        return values.astype(np.int64)

    def layer(self, name: str, x: str, filters: int) -> str:
        """Add a convolution and what rounds its sums."""
        kernel = self.choose.choice([1, 3, 3])
        weights = self.weights(name, (filters, kernel, kernel, self.types[x].channels))
        y = self.add(name, Conv(weights, (1, 1), (kernel // 2,) * 4), x)
        return self.choose.choice([self.requantize, self.threshold])(f"{name}_q", y)

    def depthwise(self, name: str, x: str) -> str:
        """Add a filter per channel, or two, and what rounds their sums."""
        channels = self.types[x].channels
        weights = self.weights(name, (channels * self.choose.choice([1, 1, 2]), 3, 3, 1))
        del self.engines[name]  # There is one.
        y = self.add(name, Conv(weights, (1, 1), (1, 1, 1, 1), groups=channels), x)
        return self.requantize(f"{name}_q", y)

    def dense(self, name: str, x: str, filters: int) -> str:
        return self.add(name, Dense(self.weights(name, (filters, self.types[x].channels))), x)

    def requantize(self, name: str, x: str) -> str:
        channels, bits = self.types[x].channels, self.choose.choice([4, 8])
        multiplier = self.rng.integers(1 << 15, 1 << 16, channels, dtype=np.int64)
        offset = self.rng.integers(-(1 << 20), 1 << 20, channels, dtype=np.int64)
        ties = self.choose.random() < 0.3
        low, high = self.choose.choice([(0, (1 << bits) - 1), (-(1 << bits - 1), 100 >> 8 - bits)])
        return self.add(name, Requantize(multiplier, offset, 20, low, high, ties=ties), x)

    def threshold(self, name: str, x: str) -> str:
        kind = self.types[x]
        steps = np.sort(self.rng.integers(kind.low, kind.high + 1, (kind.channels, 15)), axis=1)
        values = np.tile(np.arange(16), (kind.channels, 1))
        return self.add(name, Threshold(steps.astype(np.int64), values), x)

    def lookup(self, name: str, x: str) -> str:
        kind = self.types[x]
        table = self.rng.integers(0, 16, (1, kind.high - kind.low + 1), dtype=np.int64)
        return self.add(name, Lookup(table, kind.low), x)

    def joined(self, x: str, y: str) -> str:
        """Add or join two tensors of one shape."""
        if self.choose.random() < 0.4:
            return self.add("join", Concat(2), x, y)
        multipliers = self.rng.integers(1 << 9, 1 << 10, (2, 1), dtype=np.int64)
        return self.add("add", Add(multipliers, np.array([512], np.int64), 10, 0, 15), x, y)
