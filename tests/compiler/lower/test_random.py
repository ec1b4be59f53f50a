"""Random graphs of every op, of numbers that make ties and common divisors likely."""

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.concat import Concat
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.lower.lower import lower_graph
from sangi.runtime.numerics import Rounding

from .nets import Net, assert_exact

REASONS = (
    "one scale for all channels",
    "must have one scale, not several",
    "one scale and zero point where rows or columns are joined",
    "one grid of codes",
    "must not be transposed",
    "one scale where it is reshaped",
    "at most 1024 steps",
)
"""What random graphs may be refused for; the first is what most are."""


class Drawn(Net):
    """A network of random ops, each of which takes any tensor made so far."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, (4, 3, 2))
        self.frames = self.frames[:2]
        self.tensors = [self.bytes() if self.chance(0.7) else self.quantizer("x")]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def number(self, top: int = 6, bottoms: tuple[int, ...] = (1, 1, 2, 4)) -> Fraction:
        return Fraction(int(self.rng.integers(-top, top + 1)), int(self.rng.choice(bottoms)))

    def positive(self, bottoms: tuple[int, ...] = (1, 1, 2, 4)) -> Fraction:
        return Fraction(int(self.rng.integers(1, 9)), int(self.rng.choice(bottoms)))

    def many(self, shape: tuple[int, ...], p: float = 0.3) -> int:
        return shape[-1] if self.chance(p) else 1

    def quantizer(self, source: str) -> str:
        shape = self.builder.shape(source)
        bits = int(self.rng.integers(1, 9))
        low = -(1 << bits - 1) if self.chance(0.5) else 0
        high = low + (1 << bits) - 1
        count = self.many(shape, 0.25)
        spread = Fraction(300, 1 << bits) if self.chance(0.7) else Fraction(1)
        scale = tuple(self.positive() * spread for _ in range(count))
        first = self.chance(0.4)
        bottoms = (1, 2, 3) if first else (1,)
        if first and source == "x":
            # The host may round the input, in float64: thirds would be noise on the edges of codes.
            bottoms = (1, 2)
        zero = tuple(self.number(9, bottoms) for _ in range(count))
        mode = Rounding.HALF_EVEN if self.chance(0.5) else self.rng.choice(list(Rounding))
        return self.add("q", Quantize(scale, zero, low, high, mode, first), source)

    def draw(self) -> None:
        source = str(self.rng.choice(self.tensors[-3:]))
        shape = self.builder.shape(source)
        image = len(shape) == 3
        kinds = ["quantize", "quantize", "affine", "bn", "relu", "clip", "add", "reshape", "concat"]
        kinds += ["conv", "conv", "max", "average", "transpose"] if image else ["dense", "dense"]
        kind = str(self.rng.choice(kinds))
        node = getattr(self, f"draw_{kind}")(source, shape)
        if kind in ("conv", "dense", "average") and self.chance(0.7):
            node = self.quantizer(node)
        self.tensors.append(node)

    def draw_quantize(self, source: str, shape: tuple[int, ...]) -> str:
        return self.quantizer(source)

    def draw_affine(self, source: str, shape: tuple[int, ...]) -> str:
        return self.add("affine", Affine((self.number(),), (self.number(),)), source)

    def draw_bn(self, source: str, shape: tuple[int, ...]) -> str:
        scale = tuple(self.number() for _ in range(shape[-1]))
        return self.add("bn", BatchNorm(scale, tuple(self.number() for _ in scale)), source)

    def draw_relu(self, source: str, shape: tuple[int, ...]) -> str:
        return self.add("relu", Relu(), source)

    def draw_clip(self, source: str, shape: tuple[int, ...]) -> str:
        low, high = (self.number(100) if self.chance(0.7) else None for _ in range(2))
        return self.add("clip", Clip(low, high), source)

    def draw_add(self, source: str, shape: tuple[int, ...]) -> str:
        fitting = [name for name in self.tensors if self.builder.shape(name) == shape]
        return self.add("add", Add(), source, str(self.rng.choice(fitting)))

    def draw_concat(self, source: str, shape: tuple[int, ...]) -> str:
        axis = len(shape) - 1 if self.chance(0.7) else int(self.rng.integers(len(shape)))

        def rest(size: tuple[int, ...]) -> tuple[int, ...]:
            return *size[:axis], 0, *size[axis + 1 :]

        sizes = {name: self.builder.shape(name) for name in self.tensors}
        fitting = [name for name, size in sizes.items() if rest(size) == rest(shape)]
        more = self.rng.choice(fitting, int(self.rng.integers(1, 3)))
        return self.add("concat", Concat(axis), source, *map(str, more))

    def draw_reshape(self, source: str, shape: tuple[int, ...]) -> str:
        return self.add("reshape", Reshape((int(np.prod(shape)),)), source)

    def draw_transpose(self, source: str, shape: tuple[int, ...]) -> str:
        perm = tuple(int(axis) for axis in self.rng.permutation(3))
        return self.add("transpose", Transpose(perm), source)

    def window(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        padding = (
            tuple(int(p) for p in self.rng.integers(0, 2, 4)) if self.chance(0.5) else (0,) * 4
        )
        sizes = [int(self.rng.integers(1, 1 + min(2, s))) for s in shape[:2]]
        padded = tuple(int(p) if sizes[i % 2] > 1 else 0 for i, p in enumerate(padding))
        return {"kernel": tuple(sizes), "stride": (1, 1), "padding": padded}

    def draw_conv(self, source: str, shape: tuple[int, ...]) -> str:
        window = self.window(shape)
        kernel = window.pop("kernel")
        groups = shape[2] if self.chance(0.3) else 1
        filters = groups * int(self.rng.integers(1, 3))
        weight = self.rng.integers(-3, 4, (filters, *kernel, shape[2] // groups))
        scale = tuple(self.positive() / 4 for _ in range(filters if self.chance(0.5) else 1))
        bias = tuple(self.number() for _ in range(filters)) if self.chance(0.5) else None
        return self.add("conv", Conv(weight, scale, bias, groups=groups, **window), source)

    def draw_dense(self, source: str, shape: tuple[int, ...]) -> str:
        filters = int(self.rng.integers(1, 4))
        weight = self.rng.integers(-3, 4, (filters, *shape))
        return self.add("dense", Dense(weight, (self.positive() / 4,)), source)

    def draw_max(self, source: str, shape: tuple[int, ...]) -> str:
        return self.add("max", MaxPool(**self.window(shape)), source)

    def draw_average(self, source: str, shape: tuple[int, ...]) -> str:
        window = self.window(shape)
        counted = self.chance(0.5)
        return self.add("average", AveragePool(**window, count_include_pad=counted), source)


def checked(seed: int) -> bool:
    """Whether a network was lowered; then exactly, else for one of a few reasons."""
    net = Drawn(seed)
    for _ in range(int(net.rng.integers(3, 9))):
        net.draw()
    graph = net.graph(*dict.fromkeys(net.tensors[-2:]))
    lowering = lower_graph(graph)
    if lowering.program is None:
        assert lowering.problems
        for problem in lowering.problems:
            assert any(reason in problem.text for reason in REASONS), problem
        return False
    assert_exact(graph, lowering, net.frames)
    return True


def test_random_graphs() -> None:
    assert sum(map(checked, range(150))) > 90


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(10))
def test_many_random_graphs(chunk: int) -> None:
    start = 1000 * (1 + chunk)
    assert sum(map(checked, range(start, start + 300))) > 180
