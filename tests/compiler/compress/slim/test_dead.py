"""Dead channels go, and the network computes what it computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.compress.network import Network
from sangi.compiler.compress.norm import Norm
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import Rule
from sangi.compiler.compress.slim.dead import remove_dead, remove_dead_channels
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.lower.lower import lower_graph
from sangi.compiler.quantize.calibrate import calibrate
from sangi.runtime.host import execute

from ..graphs import Net, dense_block, depthwise, evaluate, frames, residual, vgg


def sizes(network: Network) -> dict[str, int]:
    return {name: len(network.layer(name).weight) for name in network.layers()}


def masked(
    network: Network, name: str, *, filters: tuple[int, ...] = (), columns: object = ()
) -> Network:
    """Prune whole filters and whole input columns of a layer."""
    mask = np.ones(network.layer(name).weight.shape, np.bool_)
    mask[list(filters)] = False
    mask[..., columns] = False
    return network.with_rules({name: Rule(mask=mask)})


def applied(network: Network) -> Graph:
    """The graph with the weights that the masks leave."""
    ops = {}
    for name, rule in network.rules.items():
        layer = network.layer(name)
        if rule.mask is not None:
            ops[name] = replace(layer, weight=np.where(rule.mask, layer.weight, 0.0))
    return network.graph.with_ops(ops)


def with_betas(network: Network, name: str, beta: float, channels: list[int]) -> Network:
    """Set what channels are behind a filter of zeros: their Norm then gives ``beta``."""
    norm = network.graph.op(f"{name}/norm")
    assert isinstance(norm, Norm)
    betas, mean = norm.beta.copy(), norm.mean.copy()
    betas[channels], mean[channels] = beta, 0.0
    return network.with_ops({f"{name}/norm": replace(norm, beta=betas, mean=mean)})


def assert_same(network: Network, smaller: Network, tolerance: float = 1e-5) -> None:
    (before,), (after,) = (evaluate(applied(net), frames(9)) for net in (network, smaller))
    np.testing.assert_allclose(after, before, atol=tolerance * np.abs(before).max(), rtol=0)


def test_channels_that_nothing_reads_go_layer_by_layer() -> None:
    network = prepare(vgg(), frames())
    # The filters of b that c does not read; then a's channels that only those filters read.
    columns = [16 * 0 + c for c in range(128) if c % 8 in (1, 4)]
    network = masked(network, "c", columns=columns)
    mask = np.ones(network.layer("b").weight.shape, np.bool_)
    mask[[0, 2, 3, 5, 6, 7], ..., 5] = False
    network = network.with_rules({"b": Rule(mask=mask)})
    smaller = remove_dead(network)
    assert sizes(smaller) == {"a": 5, "b": 6, "c": 10, "d": 4}
    assert_same(network, smaller)
    assert remove_dead(smaller) is smaller


def test_filters_of_zeros_behind_relu_are_zero_and_go() -> None:
    network = with_betas(masked(prepare(vgg(), frames()), "a", filters=(2,)), "a", -0.5, [2])
    smaller = remove_dead(network)
    assert sizes(smaller)["a"] == 5
    assert_same(network, smaller)


def test_constants_stay_where_a_layer_pads_and_move_where_none_does() -> None:
    network = with_betas(masked(prepare(vgg(), frames()), "a", filters=(2,)), "a", 0.5, [2])
    assert remove_dead(network) is network
    network = with_betas(masked(prepare(vgg(), frames()), "b", filters=(2,)), "b", 0.5, [2])
    smaller = remove_dead(network)
    assert sizes(smaller)["b"] == 7
    assert_same(network, smaller)
    before, after = (net.graph.op("c/norm") for net in (network, smaller))
    assert isinstance(before, Norm) and isinstance(after, Norm)
    assert not np.array_equal(before.mean, after.mean)


def test_constants_move_into_the_bias_of_output_layers() -> None:
    network = with_betas(masked(prepare(vgg(), frames()), "c", filters=(0, 3)), "c", 2.0, [0, 3])
    smaller = remove_dead(network)
    assert sizes(smaller)["c"] == 8
    assert_same(network, smaller)
    assert smaller.layer("d").bias != network.layer("d").bias


def test_a_layer_keeps_one_channel() -> None:
    network = with_betas(
        masked(prepare(vgg(), frames()), "a", filters=tuple(range(6))), "a", -1.0, list(range(6))
    )
    smaller = remove_dead(network)
    assert sizes(smaller)["a"] == 1
    assert_same(network, smaller)


@pytest.mark.parametrize("make", [vgg, residual, depthwise, dense_block])
def test_random_masks(make: Callable[[], Graph]) -> None:
    removed = 0
    for seed in range(4):
        network = prepare(make(), frames())
        random = np.random.default_rng(seed)
        for name in network.layers():
            shape = network.layer(name).weight.shape
            mask = random.random(shape) < 0.6
            mask[random.random(shape[0]) < 0.3] = False
            mask[..., random.random(shape[-1]) < 0.3] = False
            network = network.with_rules({name: Rule(mask=mask)})
        smaller = remove_dead(network)
        assert_same(network, smaller)
        removed += sum(sizes(network).values()) - sum(sizes(smaller).values())
    assert removed > 10


def test_the_integer_program_computes_the_same_bits() -> None:
    for make in (vgg, residual, depthwise):
        graph = calibrate(make(), frames())
        random = np.random.default_rng(5)
        ops = {}
        for name in graph.order():
            op = graph.op(name)
            if isinstance(op, Conv | Dense):
                weight = op.weight.copy()
                dead = random.random(len(weight)) < 0.4
                weight[dead] = 0
                weight[..., random.random(weight.shape[-1]) < 0.3] = 0
                bias = [Fraction(-1) if off else b for off, b in zip(dead, op.bias, strict=True)]
                ops[name] = replace(op, weight=weight, bias=tuple(bias))
        graph = graph.with_ops(ops)
        smaller = remove_dead_channels(graph)
        counts = [sum(len(g.op(name).weight) for name in ops) for g in (graph, smaller)]
        assert counts[1] < counts[0]
        x = frames(5).astype(np.uint8)
        results = []
        for one in (graph, smaller):
            program = lower_graph(one).program
            assert program is not None
            results.append(execute(program, x))
        for (name, before), (_, after) in zip(*(r.items() for r in results), strict=True):
            np.testing.assert_array_equal(before, after, err_msg=name)


def test_nothing_dead_is_nothing_changed() -> None:
    net = Net()
    graph = net.build(net.conv(net.relu(net.conv(net.x, 3, "a")), 2, "b"))
    assert remove_dead_channels(graph) is graph
    network = prepare(graph, frames())
    assert remove_dead(network) is network
