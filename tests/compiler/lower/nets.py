"""Small networks, and the graph IR executed in exact fractions, element by element."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.concat import Concat
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.multithreshold import MultiThreshold
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.lower.lower import Lowering, lower_graph
from sangi.compiler.lower.value import Value
from sangi.runtime.host import finish, prepare
from sangi.runtime.numerics import Rounding
from sangi.runtime.program import Program

Exact = np.ndarray[Any, Any]


HALF = Fraction(1, 2)


def rounded(v: Fraction, rounding: Rounding = Rounding.HALF_EVEN) -> int:
    """Every mode by its definition: magnitude and sign, floor and ceiling."""
    sign, size = (-1 if v < 0 else 1), abs(v)
    match rounding:
        case Rounding.FLOOR:
            return floor(v)
        case Rounding.CEIL:
            return ceil(v)
        case Rounding.DOWN:
            return sign * floor(size)
        case Rounding.UP:
            return sign * ceil(size)
        case Rounding.HALF_UP:
            return sign * floor(size + HALF)
        case Rounding.HALF_DOWN:
            return sign * ceil(size - HALF)
        case Rounding.HALF_EVEN:
            below, above = floor(v), ceil(v)
            if v - below == above - v and below != above:
                return below if below % 2 == 0 else above
            return below if v - below < above - v else above


def pick(values: tuple[Any, ...], channel: int) -> Any:
    return values[channel if len(values) > 1 else 0]


def elementwise(x: Exact, function: Callable[[Fraction, int], Fraction]) -> Exact:
    y = np.empty(x.shape, object)
    for place in np.ndindex(x.shape):
        y[place] = function(x[place], place[-1])
    return y


def quantize(op: Quantize, x: Exact) -> Exact:
    def one(v: Fraction, c: int) -> Fraction:
        s, z = pick(op.scale, c), pick(op.zero_point, c)
        inside, outside = (z, 0) if op.zero_first else (0, z)
        code = rounded(v / s + inside, op.rounding) + outside
        return Fraction(min(max(code, op.low), op.high) - z) * s

    return elementwise(x, one)


def count(op: MultiThreshold, v: Fraction, channel: int) -> Fraction:
    reached = sum(v >= threshold for threshold in pick(op.thresholds, channel))
    return op.out_scale * reached + op.out_bias


def window(x: Exact, op: Any, row: int, column: int, dilation: tuple[int, int]) -> list[Any]:
    """(ky, kx, pixel or None outside) of one window."""
    held = []
    for ky, kx in itertools.product(*map(range, op.kernel)):
        iy = row * op.stride[0] + ky * dilation[0] - op.padding[0]
        ix = column * op.stride[1] + kx * dilation[1] - op.padding[1]
        inside = 0 <= iy < x.shape[0] and 0 <= ix < x.shape[1]
        held.append((ky, kx, x[iy, ix] if inside else None))
    return held


def conv(op: Conv, x: Exact, shape: tuple[int, ...]) -> Exact:
    y = np.empty(shape, object)
    depth, per_group = op.weight.shape[3], op.weight.shape[0] // op.groups
    for row, column, f in np.ndindex(*shape):
        total = op.bias[f] if op.bias is not None else Fraction(0)
        start = f // per_group * depth
        for ky, kx, pixel in window(x, op, row, column, op.dilation):
            if pixel is not None:
                for c in range(depth):
                    weight = int(op.weight[f, ky, kx, c]) * pick(op.weight_scale, f)
                    total += weight * pixel[start + c]
        y[row, column, f] = total
    return y


def dense(op: Dense, x: Exact) -> Exact:
    y = np.empty(len(op.weight), object)
    for f, row in enumerate(op.weight):
        bias = op.bias[f] if op.bias is not None else Fraction(0)
        y[f] = bias + sum(
            int(w) * pick(op.weight_scale, f) * v for w, v in zip(row, x, strict=True)
        )
    return y


def pooled(op: Any, x: Exact, shape: tuple[int, ...]) -> Exact:
    y = np.empty(shape, object)
    for row, column, c in np.ndindex(*shape):
        held = window(x, op, row, column, getattr(op, "dilation", (1, 1)))
        if isinstance(op, MaxPool):
            y[row, column, c] = max(pixel[c] for _, _, pixel in held if pixel is not None)
        else:
            inside = [pixel[c] for _, _, pixel in held if pixel is not None]
            places = len(held) if op.count_include_pad else len(inside)
            y[row, column, c] = Fraction(sum(inside)) / places
    return y


def run_exactly(graph: Graph, x: np.ndarray) -> dict[str, Exact]:
    """Execute one frame (channels last) in fractions."""
    values: dict[str, Exact] = {}
    for name in graph.order():
        op = graph.op(name)
        sources = [values[source] for source in graph.inputs(name)]
        shape = graph.shape(name)
        match op:
            case Input():
                values[name] = elementwise(x.astype(object), lambda v, c: Fraction(v))
            case Quantize():
                values[name] = quantize(op, sources[0])
            case Affine() | BatchNorm():
                values[name] = elementwise(
                    sources[0], lambda v, c, op=op: v * pick(op.scale, c) + pick(op.shift, c)
                )
            case MultiThreshold():
                values[name] = elementwise(sources[0], lambda v, c, op=op: count(op, v, c))
            case Relu():
                values[name] = elementwise(sources[0], lambda v, c: max(v, Fraction(0)))
            case Clip():
                low = op.low if op.low is not None else Fraction(-(10**9))
                high = op.high if op.high is not None else Fraction(10**9)
                values[name] = elementwise(
                    sources[0], lambda v, c, low=low, high=high: min(max(v, low), high)
                )
            case Conv():
                values[name] = conv(op, sources[0], shape)
            case Dense():
                values[name] = dense(op, sources[0])
            case Add():
                values[name] = sources[0] + sources[1]
            case Concat():
                values[name] = np.concatenate(sources, op.axis)
            case MaxPool() | AveragePool():
                values[name] = pooled(op, sources[0], shape)
            case Reshape():
                values[name] = sources[0].reshape(op.shape)
            case Transpose():
                values[name] = sources[0].transpose(op.perm)
            case _:
                raise AssertionError(f"no rule for {op}")
    return values


def in_fractions(value: Value, tensors: dict[str, np.ndarray], frame: int) -> Exact:
    """What a node's tensor is by lowering's account, in the graph's order."""
    count = value.shape[-1]

    def numbers(values: tuple[Any, ...]) -> Exact:
        return np.array(values * count if len(values) == 1 else values, object)

    total = numbers(value.shift) + np.full(value.shape, Fraction(0), object)
    for term in value.terms:
        total = total + tensors[term.tensor][frame].astype(object) * numbers(term.factor)
    bounds = zip(numbers(value.low or (None,)), numbers(value.high or (None,)), strict=True)
    limits = list(bounds)

    def clipped(v: Fraction, c: int) -> Fraction:
        low, high = limits[c]
        v = v if low is None else max(v, low)
        return v if high is None else min(v, high)

    return elementwise(total, clipped).reshape(-1)[value.order]


def assert_exact(graph: Graph, lowering: Lowering, frames: np.ndarray) -> Program:
    """Every tensor is the oracle's to the last digit, every output to the last bit of float32."""
    program = lowering.program
    assert program is not None, lowering.problems
    tensors = program.run(*prepare(program, frames))
    results = finish(program, tensors)
    for n, frame in enumerate(frames):
        values = run_exactly(graph, frame)
        for name, value in lowering.values.items():
            if value is not None and all(term.tensor in tensors for term in value.terms):
                assert np.array_equal(in_fractions(value, tensors, n), values[name]), name
        for node, out in graph.outputs:
            expected = values[node].astype(np.float64)
            assert results[out][n].shape == expected.shape
            assert np.allclose(results[out][n], expected, rtol=1e-6, atol=1e-9)
    for name, type_ in program.types.items():
        assert type_.low <= tensors[name].min() and tensors[name].max() <= type_.high
    return program


def real(rng: np.random.Generator, low: float, high: float) -> Fraction:
    return Fraction(float(np.float32(rng.uniform(low, high))))


def reals(rng: np.random.Generator, count: int, low: float, high: float) -> tuple[Fraction, ...]:
    return tuple(real(rng, low, high) for _ in range(count))


class Net:
    """Short forms for building small quantized networks."""

    def __init__(self, seed: int, shape: tuple[int, ...] = (5, 4, 2), layout: Any = "NHWC") -> None:
        self.rng = np.random.default_rng(seed)
        self.builder = GraphBuilder("net")
        declared = (shape[2], *shape[:2]) if layout == "NCHW" else shape
        self.last = self.builder.add("x", Input("x", declared, layout))
        self.frames = self.rng.integers(0, 256, (4, *shape)).astype(np.uint8)

    def add(self, name: str, op: Any, *sources: str) -> str:
        self.last = self.builder.add(name, op, sources or (self.last,))
        return self.last

    def quantize(
        self,
        name: str,
        low: float,
        high: float,
        *sources: str,
        unsigned: bool = False,
        zero: int | None = None,
    ) -> str:
        """A grid of 8 bits that covers about low … high."""
        first, last = (0, 255) if unsigned else (-128, 127)
        scale = Fraction(float(np.float32((high - low) / 255)))
        if zero is None:
            zero = int(np.clip(round(first - low / float(scale)), first, last))
        return self.add(name, Quantize((scale,), (zero,), first, last), *sources)

    def bytes(self) -> str:
        return self.add("q0", Quantize((Fraction(1),), (-128,), -128, 127))

    def conv(self, name: str, filters: int, *sources: str, low: int = -128, **fields: Any) -> str:
        channels = self.builder.shape(sources[0] if sources else self.last)[2]
        kernel = fields.pop("kernel", (3, 3))
        groups = fields.get("groups", 1)
        weight = self.rng.integers(
            low, 128 if low < -1 else 2, (filters, *kernel, channels // groups)
        )
        weight[0, 0, 0, 0] = low
        scale = reals(self.rng, filters, 0.001, 0.01)
        bias = reals(self.rng, filters, -50, 50)
        return self.add(name, Conv(weight, scale, bias, **fields), *sources)

    def dense(self, name: str, filters: int, *sources: str) -> str:
        (channels,) = self.builder.shape(sources[0] if sources else self.last)
        weight = self.rng.integers(-128, 128, (filters, channels))
        bias = reals(self.rng, filters, -50, 50)
        return self.add(name, Dense(weight, (real(self.rng, 0.001, 0.01),), bias), *sources)

    def graph(self, *outputs: str) -> Graph:
        return self.builder.build([(node, f"out_{node}") for node in outputs or (self.last,)])

    def check(self, *outputs: str, **options: Any) -> Program:
        graph = self.graph(*outputs)
        return assert_exact(graph, lower_graph(graph, **options), self.frames)

    def refusal(self, *outputs: str, **options: Any) -> str:
        """The only problem."""
        lowering = lower_graph(self.graph(*outputs), **options)
        assert lowering.program is None
        (problem,) = lowering.problems
        return str(problem)


def kinds(program: Program) -> list[str]:
    return [type(node.op).__name__ for node in program.nodes]
