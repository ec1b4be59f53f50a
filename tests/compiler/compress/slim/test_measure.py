"""How much units matter: gammas, and the variance that layers lose without them."""

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
from sangi.compiler.compress.slim.measure import by_gamma, by_variance
from sangi.compiler.compress.slim.spread import rectified, variances
from sangi.compiler.compress.slim.ties import find_ties
from sangi.compiler.execute.run import run_graph
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.pad import Pad

from ..graphs import Net, dense_block, depthwise, frames, plain, residual, vgg


def with_norm(network: Network, layer: str, **arrays: object) -> Network:
    norm = network.graph.op(f"{layer}/norm")
    assert isinstance(norm, Norm)
    return network.with_ops({f"{layer}/norm": replace(norm, **arrays)})


def test_a_unit_counts_the_mean_of_its_gammas() -> None:
    network = prepare(residual(), frames(4))
    network = with_norm(network, "stem", gamma=np.array([1.0, 2, 3, 4, 5, 6]))
    network = with_norm(network, "a2", gamma=np.array([3.0, 2, 1, -4, 0, 0]))
    ties = find_ties(network.graph)
    sizes = by_gamma(network, ties)
    assert sizes[ties.units["stem"]].tolist() == [2, 2, 2, 4, 2.5, 3]
    assert not sizes[ties.units["x"]].any()


def test_relu_of_a_normal_number() -> None:
    drawn = np.random.default_rng(0).normal(size=1_000_000)
    moments = np.array([[0.0, 1.0, -2.0, 3.0, -1.0], [1.0, 4.0, 1.0, 0.0, 0.0]])
    got = rectified(moments)
    for place, (mean, variance) in enumerate(moments.T):
        values = np.maximum(mean + np.sqrt(variance) * drawn, 0)
        np.testing.assert_allclose(got[:, place], [values.mean(), values.var()], atol=0.02)


@pytest.mark.parametrize("make", [vgg, residual, depthwise, dense_block])
def test_variances_are_about_those_of_images(make: Callable[[], Graph]) -> None:
    network = prepare(make(), frames(200))
    graph = network.graph
    nodes = [name for name in graph.order() if name.endswith(("/norm", "/relu", "bn"))]
    values = run_graph(plain(graph), frames(200), nodes)
    found = variances(graph)
    for name in nodes:
        measured = values[name].reshape(-1, values[name].shape[-1]).var(axis=0, dtype=np.float64)
        if name.endswith("/norm"):
            np.testing.assert_allclose(found[name], measured, rtol=1e-2)
        else:
            assert 0.5 < found[name].sum() / measured.sum() < 2, name


def test_constants_and_paddings_in_variances() -> None:
    net = Net()
    x = net.relu(net.conv(net.x, 2, "a"))
    x = net.add("scale", Affine((Fraction(2),), (Fraction(1),)), x)
    x = net.add(
        "clip", Clip(Fraction(0), Fraction(6)), net.add("pad", Pad((0, 0, 1), (0, 0, 0)), x)
    )
    network = prepare(net.build(net.conv(x, 2, "out")), frames(4))
    found = variances(network.graph)
    np.testing.assert_allclose(found["scale"], 4 * found["a/relu"])
    assert found["pad"].tolist() == [0.0, *found["scale"].tolist()]
    assert found["clip"].shape == (3,)


def test_a_layer_gives_one_to_its_channels_together() -> None:
    network = prepare(vgg(), frames(4))
    ties = find_ties(network.graph)
    shares = by_variance(network, ties)
    for name in ("a", "b", "c"):
        np.testing.assert_allclose(shares[ties.units[name]].sum(), 1)


def test_what_is_not_read_does_not_matter_and_what_varies_more_matters_more() -> None:
    network = prepare(vgg(), frames(4))
    ties = find_ties(network.graph)
    mask = np.ones(network.layer("b").weight.shape, np.bool_)
    mask[..., 2] = False
    masked = network.with_rules({"b": Rule(mask=mask)})
    assert by_variance(masked, ties)[ties.units["a"][2]] == 0
    norm = network.graph.op("a/norm")
    assert isinstance(norm, Norm)
    gamma = norm.gamma.copy()
    gamma[4] *= 100
    louder = by_variance(with_norm(network, "a", gamma=gamma), ties)[ties.units["a"]]
    assert louder.argmax() == 4 and louder[4] > 0.9
    gamma[4] = 0
    assert by_variance(with_norm(network, "a", gamma=gamma), ties)[ties.units["a"][4]] == 0
