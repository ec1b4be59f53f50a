"""Every pass on a graph of a few nodes: what it changes, and that no number changes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.graph import GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.passes.cancel_quantizers import CancelQuantizers
from sangi.compiler.passes.channels_last import ChannelsLast
from sangi.compiler.passes.dead_code import DeadCode
from sangi.compiler.passes.fold_constants import FoldConstants
from sangi.compiler.passes.keep_grid import KeepGrid
from sangi.compiler.passes.normalize_input import NormalizeInput
from sangi.compiler.passes.order_dense_columns import OrderDenseColumns
from sangi.compiler.passes.pipeline import LAYOUT_PASSES, run_passes
from sangi.compiler.passes.relu_before_pool import ReluBeforePool
from sangi.compiler.passes.remove_relu import RemoveRelu
from sangi.compiler.passes.simplify_shapes import SimplifyShapes
from sangi.runtime.errors import UsageError

from .graphs import RANDOM, chain, conv, dense, grid, kinds, unchanged

FIRST, LAST = Transpose((2, 0, 1)), Transpose((1, 2, 0))


def test_channels_last_cancels_transposes_and_finds_the_layout() -> None:
    ops = (LAST, conv(4, 3), FIRST, Relu(), LAST, MaxPool((2, 2), (2, 2)), FIRST, LAST)
    after = unchanged(ChannelsLast(), chain((3, 6, 4), *ops), nchw=True)
    assert kinds(after) == ["Input", "Conv", "Relu", "MaxPool"]
    entry = after.op("x")
    assert isinstance(entry, Input) and (entry.layout, entry.shape) == ("NCHW", (3, 6, 4))
    assert after.shape("x") == (6, 4, 3)

    ops = (FIRST, grid(zero_point=99), LAST, conv(4, 3), FIRST)
    after = unchanged(ChannelsLast(), chain((6, 4, 3), *ops))
    assert kinds(after) == ["Input", "Quantize", "Conv", "Transpose"]
    entry = after.op("x")
    assert isinstance(entry, Input) and entry.layout == "NHWC"


def test_channels_last_moves_transposes_through_additions() -> None:
    builder = GraphBuilder("residual")
    x = builder.add("x", Input("x", (3, 6, 4), "NHWC"))
    c = builder.add("c", conv(3, 3), [builder.add("t", LAST, [x])])
    back = builder.add("back", FIRST, [c])
    first = builder.add("first", Add(), [x, back])
    second = builder.add("second", Add(), [back, first])
    graph = builder.build([(builder.add("t2", LAST, [second]), "y")])
    after = unchanged(ChannelsLast(), graph, nchw=True)
    assert kinds(after) == ["Input", "Conv", "Add", "Add"]
    assert after.inputs("second") == ("c", "first")


def test_channels_last_leaves_what_depends_on_the_order() -> None:
    per_channel = Affine((Fraction(1), Fraction(2)), (Fraction(0), Fraction(1)))
    graph = chain((2, 3, 4), Transpose((1, 2, 0)), per_channel, Transpose((2, 1, 0)))
    after = unchanged(ChannelsLast(), graph, nchw=True)
    assert kinds(after) == ["Input", "Affine", "Transpose"]
    # Two axes of equal size: only the order of elements shows a wrong Transpose.
    graph = chain((4, 4, 4), Transpose((1, 0, 2)), Relu(), Transpose((2, 0, 1)), conv(2, 4))
    after = unchanged(ChannelsLast(), graph)
    assert kinds(after) == ["Input", "Relu", "Transpose", "Conv"]


def test_dense_columns_follow_the_stream() -> None:
    per_feature = Affine(
        tuple(Fraction(i + 1) for i in range(24)), tuple(Fraction(-i) for i in range(24))
    )
    graph = chain((4, 3, 2), FIRST, Reshape((24,)), Relu(), per_feature, dense(5, 24))
    after = unchanged(OrderDenseColumns(), graph)
    assert kinds(after) == ["Input", "Reshape", "Relu", "Affine", "Dense"]


def test_dense_columns_stay_where_something_else_reads() -> None:
    graph = chain((4, 3, 2), FIRST, Reshape((24,)), Relu())
    after = unchanged(OrderDenseColumns(), graph)
    assert kinds(after) == ["Input", "Transpose", "Reshape", "Relu"]


def test_shapes_are_simplified() -> None:
    ops = (Transpose((2, 0, 1)), Reshape((6, 4)), grid(zero_point=9), Reshape((6, 4)), Relu())
    after = unchanged(SimplifyShapes(), chain((6, 4, 1), *ops))
    assert kinds(after) == ["Input", "Quantize", "Relu", "Reshape"]


def test_constants_fold_into_float_layers() -> None:
    per_channel = Affine((Fraction(2), Fraction(-1, 2)), (Fraction(3), Fraction(-1)))
    after = unchanged(FoldConstants(), chain((5, 4, 3), conv(2, 3), per_channel, Relu()))
    assert kinds(after) == ["Input", "Conv", "Relu"]
    assert after.tensor("n0") == "n1"


def test_only_additions_fold_into_quantized_layers() -> None:
    weight = RANDOM.integers(-3, 4, (2, 4))
    layer = Dense(weight, (Fraction(1, 4),), None)
    plus = Affine((Fraction(1),), (Fraction(3),))
    times = Affine((Fraction(2),), (Fraction(1),))
    after = unchanged(FoldConstants(), chain((4,), layer, plus, times))
    assert kinds(after) == ["Input", "Dense", "Affine"]
    folded = after.op("n0")
    assert isinstance(folded, Dense) and folded.bias == (Fraction(3), Fraction(3))
    assert np.array_equal(folded.weight, weight)


def test_a_layer_with_two_readers_keeps_its_constants() -> None:
    builder = GraphBuilder("fork")
    x = builder.add("x", Input("x", (4,), "N"))
    d = builder.add("d", dense(3, 4), [x])
    a = builder.add("a", Affine((Fraction(2),), (Fraction(1),)), [d])
    graph = builder.build([(builder.add("s", Add(), [d, a]), "y")])
    assert kinds(unchanged(FoldConstants(), graph)) == kinds(graph)


def test_relu_moves_before_the_pool() -> None:
    graph = chain((4, 4, 2), conv(2, 2), MaxPool((2, 2), (2, 2)), Relu())
    after = unchanged(ReluBeforePool(), graph)
    assert kinds(after) == ["Input", "Conv", "Relu", "MaxPool"]
    assert after.tensor(after.outputs[0][0]) == "n2"


@pytest.mark.parametrize(
    ("before", "zero_point", "gone"),
    [
        (Relu(), 0, True),
        (Relu(), 1, False),
        (Clip(Fraction(0), Fraction(6)), 0, False),
        (Clip(Fraction(0), Fraction(255, 2)), 0, True),
        (Clip(Fraction(-1, 2), None), 1, True),
        (Clip(Fraction(-1, 4), None), 1, False),
    ],
)
def test_relu_is_removed_where_the_clamp_does_its_work(
    before: Op, zero_point: int, gone: bool
) -> None:
    after = unchanged(RemoveRelu(), chain((4,), before, grid(zero_point=zero_point)))
    assert kinds(after) == ["Input", "Quantize"] if gone else len(kinds(after)) == 3


def test_the_grid_of_a_relu_is_named() -> None:
    ops = (grid(zero_point=30), MaxPool((2, 2), (2, 2)), Relu(), conv(2, 2))
    after = unchanged(KeepGrid(), chain((4, 4, 2), *ops))
    assert kinds(after) == ["Input", "Quantize", "MaxPool", "Relu", "Quantize", "Conv"]
    off = (grid(zero_point=30), Clip(Fraction(0), Fraction(1, 3)), dense(2, 4))
    assert "Quantize" not in kinds(unchanged(KeepGrid(), chain((4,), *off)))[2:]


def test_quantizers_on_the_same_grid_cancel() -> None:
    ops = (grid(), MaxPool((2, 2), (2, 2)), grid(), Reshape((8,)), grid(), grid("1/3"))
    after = unchanged(CancelQuantizers(), chain((4, 4, 2), *ops))
    assert kinds(after) == ["Input", "Quantize", "MaxPool", "Reshape", "Quantize"]
    narrower = (grid(), grid(high=7))
    assert len(kinds(unchanged(CancelQuantizers(), chain((4,), *narrower)))) == 3


def test_dead_code_keeps_inputs() -> None:
    builder = GraphBuilder("dead")
    x = builder.add("x", Input("x", (4,), "N"))
    builder.add("unused", Relu(), [x])
    graph = builder.build([(builder.add("used", Relu(), [x]), "y")])
    assert DeadCode()(graph).order() == ("x", "used")
    assert graph.order() == ("x", "unused", "used")


def test_normalization_stands_behind_the_input() -> None:
    graph = NormalizeInput((10.0, 20.0), (2.0, 4.0))(chain((3, 3, 2), conv(2, 2)))
    op = graph.op("normalize")
    assert isinstance(op, Affine)
    assert op.scale == (Fraction(1, 2), Fraction(1, 4))
    assert op.shift == (Fraction(-5), Fraction(-5))
    assert graph.inputs("n0") == ("normalize",)
    assert (graph.tensor("x"), graph.tensor("normalize")) == ("x/pixels", "x")
    assert NormalizeInput((0.1,), (1.0,))(chain((4,), Relu())).op("normalize").shift == (  # type: ignore[attr-defined]
        Fraction(-1, 10),
    )


@pytest.mark.parametrize(
    ("mean", "std", "said"),
    [
        ((1.0, 2.0), (1.0,), "--mean must have 1 or 3 numbers (one per channel), not 2"),
        ((1.0,), (1.0, 2.0), "--std must have 1 or 3 numbers (one per channel), not 2"),
        ((1.0,), (0.0,), "--std must be positive, not 0.0"),
    ],
)
def test_normalization_that_does_not_fit(
    mean: tuple[float, ...], std: tuple[float, ...], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        NormalizeInput(mean, std)(chain((4, 4, 3), Relu()))
    assert str(caught.value) == said


def test_normalization_of_one_channel_takes_one_number() -> None:
    with pytest.raises(UsageError, match=r"^--mean must have 1 number \(one per channel\), not 3$"):
        NormalizeInput((1.0, 2.0, 3.0), (1.0,))(chain((4, 4, 1), Relu()))


def test_the_pipeline_reports_every_pass() -> None:
    seen: list[str] = []
    run_passes(
        chain((4,), Relu()), LAYOUT_PASSES, lambda step, before, after: seen.append(step.name)
    )
    assert seen == [step.name for step in LAYOUT_PASSES]
    assert len(set(seen)) == len(seen)
