"""Units: what must stay or go together."""

from __future__ import annotations

import numpy as np

from sangi.compiler.compress.slim.ties import find_ties
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.concat import Concat
from sangi.compiler.ir.ops.pad import Pad
from sangi.compiler.ir.ops.slice import Slice
from sangi.compiler.ir.ops.transpose import Transpose

from ..graphs import Net, dense_block, depthwise, residual, vgg


def units(graph: Graph, name: str) -> list[int]:
    return find_ties(graph).units[name].tolist()


def loose(graph: Graph, name: str) -> list[bool]:
    ties = find_ties(graph)
    return (~ties.fixed[ties.units[name]]).tolist()


def test_inputs_and_outputs_are_fixed() -> None:
    graph = vgg()
    assert not any(loose(graph, "x")) and not any(loose(graph, "d"))
    for name in ("a", "b", "c"):
        assert all(loose(graph, name))
        assert len(set(units(graph, name))) == len(units(graph, name))


def test_elements_behind_a_flatten_belong_to_their_channel() -> None:
    graph = vgg()
    assert units(graph, "c/flat") == units(graph, "b") * 16


def test_a_residual_sum_ties_its_branches() -> None:
    graph = residual()
    assert units(graph, "stem") == units(graph, "a2") == units(graph, "add1")
    assert units(graph, "b2") == units(graph, "short") != units(graph, "stem")
    assert set(units(graph, "a1")).isdisjoint(units(graph, "stem"))


def test_depthwise_filters_are_tied_to_their_channels() -> None:
    graph = depthwise()
    assert units(graph, "dw") == units(graph, "stem")
    assert units(graph, "bn") == units(graph, "pw")
    net = Net()
    x = net.conv(net.conv(net.x, 2, "a"), 6, "dw", groups=2)
    doubled = net.build(net.conv(x, 2, "out"))
    first, second = units(doubled, "a")
    assert units(doubled, "dw") == [first] * 3 + [second] * 3


def test_concat_hands_on_the_units_of_its_inputs() -> None:
    graph = dense_block()
    assert units(graph, "cat1") == units(graph, "stem") + units(graph, "g1")
    assert units(graph, "cat2") == units(graph, "cat1") + units(graph, "g2")
    assert all(loose(graph, "cat2"))


def test_concat_along_rows_ties_channels() -> None:
    net = Net()
    a, b = net.conv(net.x, 3, "a"), net.conv(net.x, 3, "b")
    graph = net.build(net.conv(net.add("cat", Concat(0), a, b), 2, "out"))
    assert units(graph, "a") == units(graph, "b") == units(graph, "cat")


def test_padded_and_sliced_channels() -> None:
    net = Net()
    a, b = net.conv(net.x, 3, "a"), net.conv(net.x, 6, "b")
    wide = net.add("pad", Pad((0, 0, 2), (0, 0, 1)), a)
    part = net.add("slice", Slice((0, 0, 1), (8, 8, 4), (1, 1, 1)), net.add("sum", Add(), wide, b))
    graph = net.build(net.conv(part, 2, "out"))
    assert units(graph, "b")[2:5] == units(graph, "a")
    assert units(graph, "slice") == units(graph, "b")[1:5]
    assert all(loose(graph, "b"))


def test_what_cannot_be_followed_is_fixed() -> None:
    net = Net()
    grouped = net.conv(net.conv(net.x, 4, "a"), 4, "grouped", groups=2)
    turned = net.add("turn", Transpose((2, 0, 1)), net.conv(grouped, 4, "b"))
    strided = net.add("slice", Slice((0, 0, 0), (4, 8, 4), (1, 1, 2)), turned)
    graph = net.build(net.conv(strided, 2, "out"))
    for name in ("a", "grouped", "b", "turn", "slice"):
        assert not any(loose(graph, name)), name


def test_every_unit_has_one_number_and_one_entry() -> None:
    for make in (vgg, residual, depthwise, dense_block):
        ties = find_ties(make())
        found = np.unique(np.concatenate(list(ties.units.values())))
        assert found.tolist() == list(range(len(ties.fixed)))
