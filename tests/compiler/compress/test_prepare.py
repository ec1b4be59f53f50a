"""From float graphs to networks: what Norm computes, and models that are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sangi.compiler.compress.norm import Norm
from sangi.compiler.compress.prepare import Moments, hidden_layers, prepare
from sangi.compiler.execute.run import run_graph
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.opaque import Opaque
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.tail import Softmax
from sangi.compiler.quantize.calibrate import calibrate
from sangi.runtime.errors import DataError, ModelError, UnsupportedError

from .graphs import Net, depthwise, evaluate, frames, plain, residual, vgg


@pytest.mark.parametrize("make", [vgg, residual, depthwise])
def test_the_function_stays_to_float32(make: Callable[[], Graph]) -> None:
    graph = make()
    network = prepare(graph, frames())
    x = frames(30, seed=10)
    (before,), (after,) = evaluate(graph, x), evaluate(network.graph, x)
    assert np.abs(before).max() > 0.1
    np.testing.assert_allclose(after, before, atol=2e-5 * np.abs(before).max(), rtol=0)


def test_hidden_layers_get_a_norm_and_those_of_the_output_keep_their_bias() -> None:
    graph = residual()
    network = prepare(graph, frames())
    assert hidden_layers(graph) == ("stem", "a1", "a2", "b1", "b2", "short")
    assert network.layers() == (*hidden_layers(graph), "out")
    assert set(network.rules) == set(network.layers())
    assert network.original_weights == sum(network.layer(n).weight.size for n in network.layers())
    for name in hidden_layers(graph):
        assert network.layer(name).bias is None
        ((reader, _),) = network.graph.consumers(name)
        assert isinstance(network.graph.op(reader), Norm)
        # The norm makes the tensor that the layer made, and no two nodes claim one.
        assert network.graph.tensor(reader) == graph.tensor(name)
    tensors = [network.graph.tensor(name) for name in network.graph.order()]
    assert len(set(tensors)) == len(tensors)
    assert network.layer("out").bias == graph.op("out").bias  # type: ignore[attr-defined]


def test_statistics_are_those_of_the_sums() -> None:
    network = prepare(vgg(), frames())
    hidden = ("a", "b", "c")
    sums = run_graph(plain(network.graph), frames(), hidden)
    for name in hidden:
        norm = network.graph.op(f"{name}/norm")
        assert isinstance(norm, Norm)
        flat = sums[name].reshape(-1, sums[name].shape[-1]).astype(np.float64)
        np.testing.assert_allclose(flat.mean(axis=0), norm.mean, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(flat.var(axis=0), norm.variance, rtol=1e-4)


def test_moments_join_as_if_taken_at_once() -> None:
    values = np.random.default_rng(3).normal(1000, 1, (70, 2))
    parts = [values[:1], values[1:40], values[40:]]
    joined = Moments(0, np.zeros(2), np.zeros(2))
    for part in parts:
        joined = joined.join(Moments(len(part), part.mean(axis=0), part.var(axis=0)))
    assert joined.count == 70
    np.testing.assert_allclose(joined.mean, values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(joined.variance, values.var(axis=0), rtol=1e-9)


def test_a_batch_norm_that_no_layer_took_becomes_a_norm() -> None:
    network = prepare(depthwise(), frames())
    norm, given = network.graph.op("bn"), depthwise().op("bn")
    assert isinstance(norm, Norm) and isinstance(given, BatchNorm)
    np.testing.assert_allclose(norm.gain(), [float(s) for s in given.scale], rtol=1e-6)


def test_gammas_of_folded_batch_norm_are_found_again() -> None:
    gamma = np.array([0.5, 2.0, 0.001, 1.0])
    net = Net(seed=4)
    weight = net.random.normal(size=(4, 3, 3, 3))
    builder = net.builder
    conv = builder.add("conv", Conv(weight), [net.x])
    sums = run_graph(builder.build([(conv, "y")]), frames(400), [conv])[conv]
    spread = sums.reshape(-1, 4).std(axis=0)
    net = Net(seed=4)
    folded = net.builder.add("conv", Conv(weight * (gamma / spread)[:, None, None, None]), [net.x])
    network = prepare(net.build(net.dense(net.relu(folded), 2, "out")), frames(400))
    norm = network.graph.op("conv/norm")
    assert isinstance(norm, Norm)
    np.testing.assert_allclose(norm.gamma, gamma, rtol=1e-3)


def test_filters_are_scaled_by_powers_of_two_to_one_size() -> None:
    graph = vgg()
    layer = graph.op("b")
    assert isinstance(layer, Conv)
    given = layer.weight / 777
    given[3] = 0
    network = prepare(graph.with_ops({"b": replace(layer, weight=given)}), frames())
    weight = network.layer("b").weight
    used = np.arange(8) != 3
    size = np.sqrt((weight[used].reshape(7, -1) ** 2).mean(axis=1) * weight[0].size / 2)
    assert size.min() > 0.7 and size.max() < 1.42
    assert not weight[3].any()
    for row in (weight[used] / given[used].astype(np.float32)).reshape(7, -1):
        assert len(set(row)) == 1 and np.frexp(row[0])[0] == 0.5


def test_quantized_models_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="must be float to be compressed, not quantized"):
        prepare(calibrate(vgg(), frames()), frames())


def test_ops_that_cannot_be_trained_are_refused_by_name() -> None:
    net = Net()
    x = net.add("soft", Softmax(2), net.conv(net.x, 3, "a"))
    y = net.conv(net.add("odd", Opaque("Einsum", (8, 8, 3)), x), 2, "b")
    with pytest.raises(
        UnsupportedError,
        match="must hold ops that can be trained only, not Softmax 'soft', Einsum 'odd': cut",
    ):
        prepare(net.build(y), frames())


def test_models_of_another_kind_are_refused() -> None:
    net = Net()
    with pytest.raises(UnsupportedError, match="must have a Conv or Dense layer to be compressed"):
        prepare(net.build(net.relu(net.x)), frames())
    builder = GraphBuilder("two")
    ends = [builder.add(name, Input(name, (4,), "N")) for name in ("a", "b")]
    ends = [builder.add(f"{end}/relu", Relu(), [end]) for end in ends]
    with pytest.raises(UnsupportedError, match="one input to be compressed, not 2: a, b"):
        prepare(builder.build([(end, end) for end in ends]), frames())


def test_bad_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="needs at least one image for its statistics, not 0"):
        prepare(vgg(), frames(0))
    with pytest.raises(DataError, match="Conv 'a' must give finite values on the training images"):
        prepare(vgg(), frames(3) * np.nan)
    graph = vgg()
    layer = graph.op("d")
    weight = np.full((4, 10), 1e39)
    broken = graph.with_ops({"d": replace(layer, weight=weight)})
    with pytest.raises(ModelError, match="'d' must have weights that float32 holds"):
        prepare(broken, frames(3))
