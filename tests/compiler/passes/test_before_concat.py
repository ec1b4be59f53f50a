"""The pass before-concat, and grids seen through a Concat."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.concat import Concat
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.passes.before_concat import BeforeConcat
from sangi.compiler.passes.cancel_quantizers import CancelQuantizers
from sangi.compiler.passes.grids import grid_of
from sangi.compiler.passes.keep_grid import KeepGrid
from sangi.compiler.passes.pipeline import run_passes
from sangi.compiler.verify.passes import VerifyEach

from .graphs import RANDOM, conv, dense, grid, kinds, unchanged


def joined(*behind: Op, axis: int = 2, first: Op | None = None) -> Graph:
    """Two layers joined, and ops behind each other on the result."""
    builder = GraphBuilder("joined")
    x = builder.add("x", Input("x", (4, 4, 2), "NHWC"))
    a = builder.add("a", conv(3, 2), [x])
    b = builder.add("b", first or conv(3, 2), [x])
    node = builder.add("j", Concat(axis), [a, b], "joined")
    for number, op in enumerate(behind):
        node = builder.add(f"n{number}", op, [node])
    return builder.build([(node, "y")])


PER_CHANNEL = Affine(tuple(Fraction(i - 2) for i in range(6)), tuple(map(Fraction, range(6))))


def test_all_that_follows_goes_in_front() -> None:
    after = unchanged(BeforeConcat(), joined(PER_CHANNEL, Relu(), grid(), conv(2, 6)))
    chain = ["Affine", "Relu", "Quantize"]
    assert kinds(after) == ["Input", "Conv", "Conv", *chain, *chain, "Concat", "Conv"]
    assert after.tensor("j") == "n2"
    affine = after.op("n0/1")
    assert isinstance(affine, Affine) and affine.shift == (3, 4, 5)


def test_every_tensor_of_the_file_is_compared() -> None:
    """The input, both layers, the last op's tensor, which the Concat makes now, and the output."""
    graph = joined(PER_CHANNEL, Relu(), grid())
    verify = VerifyEach(RANDOM.integers(-9, 10, (3, 4, 4, 2)).astype(np.float32))
    run_passes(graph, [BeforeConcat()], verify)
    assert verify.tensors == 5


def test_rows_share_their_constants() -> None:
    three = Affine((Fraction(1), Fraction(-1), Fraction(2)), (Fraction(0),) * 3)
    after = unchanged(BeforeConcat(), joined(three, axis=0))
    assert kinds(after) == ["Input", "Conv", "Conv", "Affine", "Affine", "Concat"]
    assert after.op("n0/0") is after.op("n0/1")


def test_what_others_read_stays() -> None:
    builder = GraphBuilder("two")
    x = builder.add("x", Input("x", (4, 4, 2), "NHWC"))
    j = builder.add("j", Concat(2), [x, builder.add("a", conv(3, 2), [x])])
    graph = builder.build([(builder.add("r", Relu(), [j]), "y"), (j, "z")])
    assert kinds(unchanged(BeforeConcat(), graph)) == kinds(graph)


def test_a_quantizer_that_changes_nothing_goes() -> None:
    """One input lies on the output's grid already."""
    graph = joined(grid(zero_point=9), conv(2, 5), first=grid(zero_point=9, high=200))
    after = unchanged(CancelQuantizers(), BeforeConcat()(graph))
    assert kinds(after) == ["Input", "Conv", "Quantize", "Quantize", "Concat", "Conv"]
    assert after.inputs("j") == ("n0/0", "b")


def quantized(*grids: Quantize) -> GraphBuilder:
    builder = GraphBuilder("grids")
    x = builder.add("x", Input("x", (4,), "N"))
    codes = [builder.add(f"q{i}", op, [x]) for i, op in enumerate(grids)]
    builder.add("j", Concat(0), codes)
    return builder


def test_the_grid_of_joined_codes() -> None:
    common = grid_of(quantized(grid(high=15), grid(low=-3, high=7)), "j")
    assert common is not None and (common.low, common.high) == (-3, 15)
    assert grid_of(quantized(grid(), grid("1/4")), "j") is None
    assert grid_of(quantized(grid(), grid(zero_point=3)), "j") is None
    per_channel = Quantize((Fraction(1),) * 4, (0,) * 4, 0, 9)
    assert grid_of(quantized(per_channel, per_channel), "j") is None


def test_a_relu_behind_joined_codes_keeps_their_grid() -> None:
    builder = quantized(grid(zero_point=30), grid(zero_point=30))
    relu = builder.add("relu", Relu(), ["j"])
    after = unchanged(KeepGrid(), builder.build([(builder.add("d", dense(2, 8), [relu]), "y")]))
    assert kinds(after)[1:] == ["Quantize", "Quantize", "Concat", "Relu", "Quantize", "Dense"]
