"""Every op in float64 against ONNX Runtime on random shapes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.execute.real.execute import RULES, channels_last, compute, execute_real
from sangi.compiler.execute.run import run_graph
from sangi.compiler.ir import ops as ir
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.runtime.errors import DataError, UnsupportedError

Random = np.random.Generator
Case = Callable[[Random], tuple[tuple[int, ...], ir.Op]]


def reals(random: Random, count: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(int(x), 64) for x in random.integers(-99, 100, count))


def image(random: Random) -> tuple[int, int, int]:
    rows, columns, channels = random.integers((5, 5, 1), (10, 10, 5))
    return int(rows), int(columns), int(channels)


def pair(random: Random, low: int, high: int) -> tuple[int, int]:
    first, second = random.integers(low, high + 1, 2)
    return int(first), int(second)


def border(random: Random, most: int = 1) -> tuple[int, int, int, int]:
    return (*pair(random, 0, most), *pair(random, 0, most))


def conv(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    rows, columns, each = image(random)
    groups = int(random.integers(1, 4))
    filters = groups * int(random.integers(1, 4))
    op = ir.Conv(
        random.normal(size=(filters, *pair(random, 1, 3), each)),
        bias=reals(random, filters),
        stride=pair(random, 1, 3),
        padding=border(random, 2),
        dilation=pair(random, 1, 2),
        groups=groups,
    )
    return (rows, columns, each * groups), op


def quantized_conv(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    weight = random.integers(-128, 128, (4, 3, 3, 2))
    scale = tuple(Fraction(1, int(x)) for x in random.integers(100, 300, 4))
    return (6, 5, 2), ir.Conv(weight, scale, None, padding=(1, 0, 0, 1))


def dense(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    filters, channels = pair(random, 1, 20)
    return (channels,), ir.Dense(random.normal(size=(filters, channels)), None, None)


def quantized_dense(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    weight = random.integers(-8, 8, (3, 7))
    return (7,), ir.Dense(weight, (Fraction(1, 37),), reals(random, 3))


def per_channel(kind: type[ir.Affine | ir.BatchNorm]) -> Case:
    def case(random: Random) -> tuple[tuple[int, ...], ir.Op]:
        shape = image(random)
        return shape, kind(reals(random, shape[2]), reals(random, shape[2]))

    return case


def maxpool(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    kernel, dilation = pair(random, 2, 3), pair(random, 1, 2)
    return image(random), ir.MaxPool(kernel, pair(random, 1, 3), border(random), dilation)


def averagepool(include: bool) -> Case:
    def case(random: Random) -> tuple[tuple[int, ...], ir.Op]:
        kernel, stride = pair(random, 2, 4), pair(random, 1, 3)
        return image(random), ir.AveragePool(kernel, stride, border(random), include)

    return case


def reshape(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    shape = image(random)
    return shape, ir.Reshape((shape[2], shape[0] * shape[1]))


def transpose(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    return image(random), ir.Transpose(tuple(int(axis) for axis in random.permutation(3)))


def part(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    rows, columns, channels = image(random)
    return (rows, columns, channels), ir.Slice(
        (1, 0, channels - 1), (2, (columns + 1) // 2, 1), (3, 2, 1)
    )


def bordered(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    return image(random), ir.Pad((0, *pair(random, 0, 2)), (1, *pair(random, 0, 2)))


def quantize(random: Random) -> tuple[tuple[int, ...], ir.Op]:
    shape = image(random)
    scale = tuple(Fraction(2) ** int(x) for x in random.integers(-3, 2, shape[2]))
    zero = tuple(int(x) for x in random.integers(-3, 4, shape[2]))
    return shape, ir.Quantize(scale, zero, -8, 7)


CASES: dict[str, Case] = {
    "affine": per_channel(ir.Affine),
    "argmax": lambda random: (image(random), ir.ArgMax(int(random.integers(3)), False)),
    "argmax keepdims": lambda random: (image(random), ir.ArgMax(int(random.integers(3)), True)),
    "averagepool": averagepool(False),
    "averagepool counting its border": averagepool(True),
    "batchnorm": per_channel(ir.BatchNorm),
    "clip": lambda random: (image(random), ir.Clip(Fraction(-1, 2), Fraction(3, 4))),
    "clip below": lambda random: (image(random), ir.Clip(low=Fraction(1, 4))),
    "conv": conv,
    "conv of codes": quantized_conv,
    "dense": dense,
    "dense of codes": quantized_dense,
    "maxpool": maxpool,
    "pad": bordered,
    "quantize": quantize,
    "relu": lambda random: (image(random), ir.Relu()),
    "reshape": reshape,
    "sigmoid": lambda random: (image(random), ir.Sigmoid()),
    "slice": part,
    "softmax": lambda random: (image(random), ir.Softmax(int(random.integers(3)))),
    "transpose": transpose,
}


def one(shape: tuple[int, ...], op: ir.Op) -> Graph:
    builder = GraphBuilder("one")
    source = builder.add("x", ir.Input("x", shape, "NHWC" if len(shape) == 3 else "N"))
    return builder.build([(builder.add("y", op, [source]), "out")])


@pytest.mark.parametrize("name", CASES)
def test_ops_agree_with_onnx_runtime(name: str) -> None:
    for seed in range(4):
        random = np.random.default_rng(seed)
        shape, op = CASES[name](random)
        graph = one(shape, op)
        # Quarters: float32 computes what has no square root or power exactly, ties included.
        x = random.integers(-20, 21, (3, *shape)) / 4
        got = execute_real(graph, x)
        want = run_graph(graph, x)
        assert set(got) == {"x", "y"}
        assert got["y"].dtype == np.float64 and got["y"].shape == want["y"].shape
        assert got["y"].shape[1:] == graph.shape("y")
        exact = not isinstance(op, ir.Conv | ir.Dense | ir.AveragePool | ir.Softmax | ir.Sigmoid)
        tolerance = 0 if exact else 1e-4
        np.testing.assert_allclose(got["y"], want["y"], rtol=tolerance, atol=tolerance)


def test_addition() -> None:
    builder = GraphBuilder("twice")
    x = builder.add("x", ir.Input("x", (4,), "N"))
    half = builder.add("half", ir.Affine((Fraction(1, 2),), (Fraction(1),)), [x])
    y = builder.add("y", ir.Add(), [x, half])
    graph = builder.build([(builder.add("z", ir.Add(), [y, y]), "out")])
    frames = np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(execute_real(graph, frames)["z"], 3 * frames + 2)


def test_every_op_has_a_meaning() -> None:
    ops = {getattr(ir, name) for name in ir.__all__ if name not in ("Op", "Shape")}
    assert ops - set(RULES) == {ir.Input, ir.Opaque}


def test_frames_come_in_the_declared_layout() -> None:
    frames = np.arange(48.0).reshape(2, 2, 3, 4)
    first = ir.Input("x", (2, 3, 4), "NCHW")
    np.testing.assert_array_equal(channels_last(first, frames), frames.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(channels_last(ir.Input("x", (2, 3, 4), "NHWC"), frames), frames)
    flat = channels_last(ir.Input("x", (2, 3, 4), "N"), frames)
    np.testing.assert_array_equal(flat, frames.reshape(2, 24))
    with pytest.raises(DataError, match=r"frames must have shape \(N, 2, 3, 4\), not \(2, 24\)"):
        channels_last(first, flat)


def test_what_depends_on_an_unknown_op_is_left_out() -> None:
    builder = GraphBuilder("unknown")
    x = builder.add("x", ir.Input("x", (4,), "N"))
    unknown = builder.add("unknown", ir.Opaque("Einsum", (4,)), [x])
    known = builder.add("known", ir.Relu(), [x])
    lost = builder.add("lost", ir.Add(), [known, unknown])
    graph = builder.build([(lost, "out")])
    assert set(execute_real(graph, np.zeros((1, 4)))) == {"x", "known"}
    with pytest.raises(UnsupportedError, match="op must be one that can be executed, not Opaque"):
        compute(graph.op("unknown"), np.zeros((1, 4)))


def test_the_first_of_equal_elements_is_chosen_in_spite_of_noise() -> None:
    x = np.array([[0.3, 0.1 + 0.2, 0.2], [0.2, 0.3, 0.1 + 0.2]])
    assert x[0, 1] > x[0, 0]
    np.testing.assert_array_equal(compute(ir.ArgMax(0, False), x), [0, 1])


def test_what_is_known_is_not_computed_again() -> None:
    builder = GraphBuilder("chain")
    x = builder.add("x", ir.Input("x", (4,), "N"))
    a = builder.add("a", ir.Affine((Fraction(2),), (Fraction(1),)), [x])
    b = builder.add("b", ir.Relu(), [a])
    graph = builder.build([(builder.add("c", ir.Relu(), [x]), "c"), (b, "b")])
    frames = np.arange(-4.0, 4).reshape(2, 4)
    first = execute_real(graph, frames)
    changed = graph.with_ops({"a": ir.Affine((Fraction(2),), (Fraction(3),))})
    second = execute_real(changed, frames, graph, first)
    assert [name for name in graph.order() if second[name] is first[name]] == ["x", "c"]
    np.testing.assert_array_equal(second["b"], np.maximum(2 * frames + 3, 0))


def test_what_cancels_out_is_zero() -> None:
    tenths = tuple(Fraction(n, 10) for n in (1, 2, 3))
    assert 0.1 + 0.2 - 0.3 != 0 and 3 * 0.1 - 0.3 != 0
    ones = np.ones((1, 3))
    row = np.array([[0.1, 0.2, -0.3]])
    assert compute(ir.Dense(row), ones)[0, 0] == 0
    assert compute(ir.Dense(row[:, :2], bias=(-tenths[2],)), ones[:, :2])[0, 0] == 0
    assert compute(ir.Conv(row.reshape(1, 1, 1, 3)), ones.reshape(1, 1, 1, 3))[0, 0, 0, 0] == 0
    assert compute(ir.Affine((tenths[0],), (-tenths[2],)), 3 * ones)[0, 0] == 0
    assert compute(ir.Add(), np.array([[0.1 + 0.2]]), np.array([[-0.3]]))[0, 0] == 0
    # What is small beside its addends and no noise stays.
    assert compute(ir.Add(), np.array([[1 + 1e-9]]), np.array([[-1.0]]))[0, 0] != 0
