"""Channels that matter nothing are removed, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.compress.network import Network
from sangi.compiler.compress.norm import Norm
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import BalancedTernary, Rule, Ternary
from sangi.compiler.compress.slim.remove import remove_units
from sangi.compiler.compress.slim.ties import BoolArray, Ties, find_ties
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.pad import Pad
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.slice import Slice
from sangi.compiler.ir.origin import Origin, transposed

from ..graphs import Net, dense_block, depthwise, evaluate, frames, residual, vgg


def shortcut() -> Graph:
    """Option A of ResNet: a Slice of every second pixel and a Pad of channels as the shortcut."""
    net = Net(seed=6)
    stem = net.relu(net.conv(net.x, 4, "stem"))
    x = net.conv(stem, 8, "wide", stride=(2, 2))
    part = net.add("slice", Slice((0, 0, 0), (4, 4, 4), (2, 2, 1)), stem)
    wide = net.add("pad", Pad((0, 0, 2), (0, 0, 2)), part)
    x = net.relu(net.add("sum", Add(), x, wide))
    halves = [net.add(f"half{i}", Slice((0, 0, 4 * i), (4, 4, 4), (1, 1, 1)), x) for i in (0, 1)]
    x = net.add("fold", Add(), *halves)
    return net.build(net.dense(net.relu(net.conv(x, 5, "last")), 3, "out"))


def without(network: Network, ties: Ties, gone: BoolArray) -> Network:
    """Set gamma and beta to 0 wherever a unit to remove passes a Norm."""
    ops = {}
    for name, units in ties.units.items():
        op = network.graph.op(name)
        if isinstance(op, Norm):
            stays = ~gone[units]
            ops[name] = replace(op, gamma=op.gamma * stays, beta=op.beta * stays)
    return network.with_ops(ops)


def some(ties: Ties, seed: int) -> BoolArray:
    """Draw units to remove; every node keeps a channel."""
    random = np.random.default_rng(seed)
    gone = ~ties.fixed & (random.random(len(ties.fixed)) < 0.5)
    for units in ties.units.values():
        if gone[units].all():
            gone[units[0]] = False
    return gone


@pytest.mark.parametrize("make", [vgg, residual, depthwise, dense_block, shortcut])
def test_channels_without_gamma_and_beta_are_removed_without_a_trace(
    make: Callable[[], Graph],
) -> None:
    network = prepare(make(), frames())
    ties = find_ties(network.graph)
    for seed in range(3):
        gone = some(ties, seed)
        assert gone.sum() >= 2
        silent = without(network, ties, gone)
        smaller = remove_units(silent, ties, gone)
        (before,), (after,) = evaluate(silent.graph, frames(9)), evaluate(smaller.graph, frames(9))
        np.testing.assert_allclose(after, before, atol=1e-6 * np.abs(before).max(), rtol=0)
        for name in network.layers():
            kept = (~gone[ties.units[name]]).sum()
            assert smaller.layer(name).weight.shape[0] == kept


def test_nothing_removed_is_nothing_changed() -> None:
    network = prepare(residual(), frames())
    ties = find_ties(network.graph)
    same = remove_units(network, ties, np.zeros(len(ties.fixed), np.bool_))
    assert all(same.graph.op(n) is network.graph.op(n) for n in network.graph.order())


def test_constants_of_channels_go_with_them() -> None:
    net = Net(seed=8)
    x = net.conv(net.x, 4, "a")
    scales = tuple(Fraction(n) for n in (1, 2, 3, 4))
    x = net.add("quantize", Quantize(scales, (5, 6, 7, 8), 0, 255), x)
    x = net.add("affine", Affine(scales, scales), x)
    x = net.add("one", Affine((Fraction(3),), (Fraction(1),)), x)
    graph = net.build(net.conv(x, 2, "out"))
    ties = find_ties(graph)
    gone = np.isin(np.arange(len(ties.fixed)), ties.units["a"][[0, 2]])
    small = remove_units(Network(graph, {"a": Rule(), "out": Rule()}, 1), ties, gone).graph
    quantize, affine = small.op("quantize"), small.op("affine")
    assert isinstance(quantize, Quantize) and isinstance(affine, Affine)
    assert quantize.scale == affine.scale == affine.shift == (2, 4)
    assert quantize.zero_point == (6, 8)
    assert small.op("one") is graph.op("one")
    given, layer = graph.op("a"), small.op("a")
    assert isinstance(given, Conv) and isinstance(layer, Conv)
    assert given.bias is not None and layer.bias == given.bias[1::2]


def test_rules_follow_their_weights() -> None:
    network = prepare(depthwise(), frames())
    random = np.random.default_rng(0)
    rules: Mapping[str, Rule] = {
        name: Rule(
            Ternary(0.3),
            random.random(len(network.layer(name).weight)),
            random.random(network.layer(name).weight.shape) < 0.5,
        )
        for name in network.layers()
    }
    network = network.with_rules(rules)
    ties = find_ties(network.graph)
    gone = np.isin(np.arange(len(ties.fixed)), ties.units["stem"][[1, 2]])
    small = remove_units(network, ties, gone)
    kept = [0, 3, 4, 5]
    for name in ("stem", "dw"):
        unit, mask = rules[name].unit, rules[name].mask
        assert unit is not None and mask is not None
        np.testing.assert_array_equal(small.rules[name].unit, unit[kept])
        np.testing.assert_array_equal(small.rules[name].mask, mask[kept])
    point = rules["pw"]
    assert point.mask is not None
    np.testing.assert_array_equal(small.rules["pw"].unit, point.unit)
    np.testing.assert_array_equal(small.rules["pw"].mask, point.mask[..., kept])
    layer = small.layer("dw")
    assert isinstance(layer, Conv) and layer.groups == 4


def test_layers_too_narrow_for_their_banks_have_one() -> None:
    network = prepare(vgg(), frames())
    rules = {name: Rule(BalancedTernary(0.5, 4), np.ones(8)) for name in ("b",)}
    network = network.with_rules(rules)
    ties = find_ties(network.graph)
    for count, banks in ((2, 4), (3, 1)):
        gone = np.isin(np.arange(len(ties.fixed)), ties.units["a"][:count])
        small = remove_units(network, ties, gone)
        assert small.rules["b"].grid == BalancedTernary(0.5, banks)


def test_places_in_the_file_are_those_of_the_smaller_tensor() -> None:
    net = Net()
    a = net.builder.add(
        "a", Conv(np.ones((3, 1, 1, 3))), [net.x], Origin("t", transposed((3, 8, 8), (1, 2, 0)))
    )
    graph = net.build(net.conv(a, 2, "out"))
    ties = find_ties(graph)
    gone = np.isin(np.arange(len(ties.fixed)), ties.units["a"][1])
    small = remove_units(Network(graph, {"a": Rule(), "out": Rule()}, 1), ties, gone).graph
    np.testing.assert_array_equal(small.origin("a").places, transposed((2, 8, 8), (1, 2, 0)))


def test_fixed_units_and_last_channels_are_refused() -> None:
    network = prepare(vgg(), frames())
    ties = find_ties(network.graph)
    with pytest.raises(ValueError, match="units to remove must not be fixed, as 0 is"):
        remove_units(network, ties, np.ones(len(ties.fixed), np.bool_))
    with pytest.raises(ValueError, match="'a' must keep a channel, not lose all 6"):
        remove_units(network, ties, np.isin(np.arange(len(ties.fixed)), ties.units["a"]))
