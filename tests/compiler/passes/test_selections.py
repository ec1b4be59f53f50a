"""Slices and Pads: moved behind elementwise ops, folded into layers, made layers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.pad import Pad
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.slice import Slice
from sangi.compiler.ir.ops.tail import Sigmoid
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.passes.cancel_quantizers import CancelQuantizers
from sangi.compiler.passes.channels_last import ChannelsLast
from sangi.compiler.passes.fold_pad import FoldPad
from sangi.compiler.passes.select_as_conv import SelectAsConv
from sangi.compiler.passes.sink_selections import SinkSelections
from sangi.runtime.numerics import Rounding

from .graphs import RANDOM, chain, conv, grid, kinds, unchanged

EVEN = Slice((0, 0, 0), (3, 3, 2), (2, 2, 1))
AROUND = Pad((1, 2, 0), (0, 1, 0))
CHANNELS = Pad((0, 0, 1), (0, 0, 2))
#: BipolarQuant: -1 and 1, with no 0 between them.
BIPOLAR = Quantize((Fraction(2),), (Fraction(1, 2),), 0, 1, Rounding.HALF_UP, True)


def test_channels_last_moves_transposes_through_slices_and_pads() -> None:
    first, last = Transpose((2, 0, 1)), Transpose((1, 2, 0))
    part = Slice((0, 1, 0), (2, 3, 2), (1, 1, 2))
    around = Pad((0, 1, 2), (1, 0, 0))
    graph = chain((3, 6, 4), last, conv(3, 3), first, part, around, last, conv(2, 3))
    after = unchanged(ChannelsLast(), graph, nchw=True)
    assert kinds(after) == ["Input", "Conv", "Slice", "Pad", "Conv"]


@pytest.mark.parametrize(
    "op",
    [
        Relu(),
        Clip(Fraction(-1), Fraction(5)),
        Affine((Fraction(3),), (Fraction(0),)),
        Affine((Fraction(3), Fraction(-2)), (Fraction(0), Fraction(0))),
        grid(zero_point=9),
    ],
)
def test_selections_go_behind_what_keeps_zeros(op: Op) -> None:
    graph = chain((6, 6, 2), EVEN, AROUND, op, conv(2, 2))
    after = unchanged(SinkSelections(), graph)
    assert kinds(after) == ["Input", type(op).__name__, "Slice", "Pad", "Conv"]


@pytest.mark.parametrize(
    "op",
    [
        Clip(Fraction(1), None),
        Affine((Fraction(3),), (Fraction(1, 2),)),
        grid(zero_point=5, low=9),
    ],
)
def test_pads_stay_in_front_of_what_changes_zeros(op: Op) -> None:
    after = unchanged(SinkSelections(), chain((6, 6, 2), AROUND, EVEN, op))
    # The Slice behind the Pad goes on alone.
    assert kinds(after) == ["Input", "Pad", type(op).__name__, "Slice"]


def test_pads_stay_in_front_of_bipolar_values() -> None:
    # ONNX Runtime does not run this quantizer: only the order is looked at.
    after = SinkSelections()(chain((6, 6, 2), AROUND, BIPOLAR))
    assert kinds(after) == ["Input", "Pad", "Quantize"]


def test_slices_stay_in_front_of_what_the_host_computes() -> None:
    after = unchanged(SinkSelections(), chain((6, 6, 2), EVEN, Relu(), Sigmoid()))
    assert kinds(after) == ["Input", "Relu", "Slice", "Sigmoid"]


def test_selected_channels_keep_their_constants() -> None:
    per_channel = Affine((Fraction(2), Fraction(3)), (Fraction(0), Fraction(0)))
    first = Slice((0, 0, 1), (6, 6, 2), (1, 1, 2))
    after = unchanged(SinkSelections(), chain((6, 6, 4), first, per_channel))
    assert kinds(after) == ["Input", "Slice", "Affine"]


def test_several_readers_of_a_selection() -> None:
    builder = GraphBuilder("fork")
    x = builder.add("x", Input("x", (6, 6, 2), "NHWC"))
    part = builder.add("part", EVEN, [builder.add("c", conv(2, 2), [x])])
    total = builder.add("sum", Add(), [part, builder.add("relu", Relu(), [part])])
    after = unchanged(SinkSelections(), builder.build([(total, "y"), (part, "z")]))
    assert kinds(after).count("Slice") == 2
    assert after.tensor(after.outputs[1][0]) == "part"


def test_a_pad_becomes_the_padding_of_its_readers() -> None:
    builder = GraphBuilder("fork")
    x = builder.add("x", Input("x", (6, 6, 2), "NHWC"))
    pad = builder.add("pad", AROUND, [builder.add("pad2", Pad((0, 1, 0), (0, 0, 0)), [x])])
    means = AveragePool((2, 4), (1, 1))
    counted = AveragePool((3, 4), (1, 1), (1, 0, 0, 0), True)
    uncounted = AveragePool((3, 4), (1, 1), (1, 0, 0, 0), False)
    small = AveragePool((2, 3), (1, 1))
    ops = (conv(3, 2), means, counted, uncounted, small)
    readers = [builder.add(f"r{i}", op, [pad]) for i, op in enumerate(ops)]
    after = unchanged(FoldPad(), builder.build([(reader, reader) for reader in readers]))
    first, second, third, *last = (after.op(node) for node, _ in after.outputs)
    assert isinstance(first, Conv) and first.padding == (2, 4, 1, 2)
    assert isinstance(second, AveragePool) and isinstance(third, AveragePool)
    assert (second.padding, second.count_include_pad) == ((1, 3, 0, 1), True)
    assert third.padding == (2, 3, 0, 1)
    assert last[0] is uncounted
    # The columns of one Pad fit in it.
    assert isinstance(last[1], AveragePool) and last[1].padding == (1, 2, 0, 1)
    assert kinds(after).count("Pad") == 2


@pytest.mark.parametrize(
    ("before", "pool", "folded"),
    [
        (Relu(), MaxPool((3, 3), (2, 2)), True),
        (grid(), MaxPool((3, 3), (2, 2), (1, 0, 0, 0)), True),
        (Clip(Fraction(0), Fraction(3)), MaxPool((2, 3), (1, 1)), True),
        # Values below 0 lose against a padded 0, and win where nothing is padded.
        (grid(zero_point=9), MaxPool((3, 3), (2, 2)), False),
        (Clip(Fraction(-1), Fraction(3)), MaxPool((3, 3), (2, 2)), False),
        # The first windows hold zeros only.
        (Relu(), MaxPool((3, 2), (2, 1)), False),
        (Relu(), MaxPool((2, 3), (2, 2), dilation=(1, 2)), True),
    ],
)
def test_a_pad_in_front_of_maxima(before: Op, pool: MaxPool, folded: bool) -> None:
    after = unchanged(FoldPad(), chain((6, 6, 2), before, AROUND, pool))
    assert kinds(after).count("Pad") == (0 if folded else 1)


def test_padded_channels_are_no_padding() -> None:
    after = unchanged(FoldPad(), chain((6, 6, 2), CHANNELS, conv(2, 5)))
    assert kinds(after) == ["Input", "Pad", "Conv"]


def test_an_option_a_shortcut_is_one_small_layer() -> None:
    rows, columns = Slice((0, 0, 0), (3, 6, 2), (2, 1, 1)), Slice((0, 0, 0), (3, 3, 2), (1, 2, 1))
    after = unchanged(SelectAsConv(), chain((6, 6, 2), grid(), rows, columns, CHANNELS))
    assert kinds(after) == ["Input", "Quantize", "Conv"]
    (node, _) = after.outputs[0]
    layer = after.op(node)
    assert isinstance(layer, Conv) and layer.weight_scale == (1,)
    assert layer.weight[:, 0, 0].tolist() == [[0, 0], [1, 0], [0, 1], [0, 0], [0, 0]]
    assert (layer.kernel, layer.stride, layer.padding) == ((1, 1), (2, 2), (0, 0, 0, 0))
    assert (node, after.tensor(node)) == ("n3", "n3")


def test_padded_channels_get_the_zero_point_of_the_grid() -> None:
    middle = grid(zero_point=7)
    after = unchanged(SelectAsConv(), chain((6, 6, 2), middle, EVEN, CHANNELS))
    assert kinds(after) == ["Input", "Quantize", "Conv", "Quantize"]
    after = unchanged(SelectAsConv(), chain((6, 6, 2), middle, EVEN, AROUND))
    assert kinds(after) == ["Input", "Quantize", "Conv"]


def random_ops(shape: tuple[int, ...], count: int) -> list[Op]:
    ops: list[Op] = []
    for _ in range(count):
        if RANDOM.integers(2):
            start = tuple(int(RANDOM.integers(0, size)) for size in shape)
            step = tuple(int(RANDOM.integers(1, 4)) for _ in shape)
            most = [-(-(size - a) // b) for size, a, b in zip(shape, start, step, strict=True)]
            ops.append(Slice(start, tuple(int(RANDOM.integers(1, n + 1)) for n in most), step))
        else:
            sides = RANDOM.integers(0, 4, (2, len(shape))) * RANDOM.integers(0, 2, (2, len(shape)))
            ops.append(Pad(*(tuple(map(int, side)) for side in sides)))
        shape = ops[-1].infer(shape)
    return ops


@pytest.mark.parametrize("case", range(40))
def test_every_run_of_slices_and_pads_is_a_layer(case: int) -> None:
    shape = (7, 6, 5) if case % 4 else (23,)
    graph = chain(shape, grid(zero_point=case % 3), *random_ops(shape, 1 + case % 5))
    after = unchanged(SelectAsConv(), graph)
    assert set(kinds(after)) <= {"Input", "Quantize", "Conv", "Dense"}
    layers = [op for op in map(after.op, after.order()) if isinstance(op, Conv | Dense)]
    for layer in layers:
        assert set(layer.weight.reshape(-1)) <= {0, 1}
        assert layer.weight.reshape(len(layer.weight), -1).sum(axis=1).max() <= 1


def test_quantizers_cancel_through_selections() -> None:
    def cancelled(*ops: Op) -> int:
        return kinds(unchanged(CancelQuantizers(), chain((6, 6, 2), *ops))).count("Quantize")

    middle = grid(zero_point=7)
    assert cancelled(middle, EVEN, AROUND, CHANNELS, middle) == 1
    off = grid(zero_point=5, low=9)
    assert cancelled(off, EVEN, off) == 1
    # Its zeros are not on the grid.
    assert cancelled(off, AROUND, off) == 2
    scales = (Fraction(1, 2), Fraction(1, 4))
    per_channel = replace(middle, scale=scales, zero_point=(7, 7))
    assert cancelled(per_channel, EVEN, AROUND, per_channel) == 1
    turned = Slice((0, 0, 1), (6, 6, 1), (1, 1, 1))
    assert cancelled(per_channel, turned, Pad((0, 0, 1), (0, 0, 0)), per_channel) == 2


def test_graphs_without_selections_stay() -> None:
    graph: Graph = chain((6, 6, 2), conv(2, 2), Relu(), MaxPool((2, 2), (2, 2)))
    for step in (SinkSelections(), FoldPad(), SelectAsConv()):
        assert kinds(unchanged(step, graph)) == kinds(graph)
