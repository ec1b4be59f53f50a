"""What PyTorch computes, against ONNX Runtime and exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sangi.compiler.compress.network import Network
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import Rule
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.multithreshold import MultiThreshold
from sangi.compiler.ir.ops.pad import Pad
from sangi.compiler.ir.ops.slice import Slice
from sangi.compiler.ir.ops.tail import ArgMax, Sigmoid
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.runtime.errors import UnsupportedError

from ..graphs import Net, dense_block, depthwise, evaluate, frames, residual, vgg
from .networks import GRIDS, exact_outputs, quantized, ruled, small

pytestmark = pytest.mark.torch

GRAPHS = (vgg, residual, depthwise, dense_block)


def torch_net(network: Network) -> Any:
    from sangi.compiler.compress.torch_net.module import TorchNet

    return TorchNet(network)


def outputs(network: Network, x: np.ndarray) -> list[np.ndarray]:
    import torch

    return [output.numpy() for output in torch_net(network).forward(torch.from_numpy(x))]


def windows() -> Any:
    """Every op that only moves or pools, with uneven padding."""
    net = Net(seed=4)
    x = net.add("wide", Pad((1, 0, 0), (0, 2, 0)), net.x)
    x = net.add("cut", Slice((1, 0, 0), (4, 5, 3), (2, 2, 1)), x)
    x = net.add("turned", Transpose((1, 0, 2)), x)
    weight = net.random.normal(size=(6, 2, 3, 3)).astype(np.float32).astype(np.float64)
    x = net.add("conv", Conv(weight, padding=(1, 0, 0, 2), dilation=(2, 1)), x)
    x = net.add("clip", Clip(Fraction(-300), None), x)
    x = net.add("scaled", Affine(tuple(Fraction(i, 4) for i in range(1, 7)), (Fraction(0),) * 6), x)
    x = net.add("max", MaxPool((2, 2), (1, 1), (1, 1, 0, 0)), x)
    x = net.add("mean", AveragePool((2, 2), (1, 1), (1, 0, 0, 1)), x)
    x = net.add("counted", AveragePool((2, 2), (2, 1), (0, 1, 1, 0), True), x)
    x = net.dense(x, 5, "out")
    return net.build(x, net.add("sigmoid", Sigmoid(), x), net.add("best", ArgMax(0), x))


@pytest.mark.parametrize("make", [*GRAPHS, windows])
def test_a_float_network_computes_what_onnx_runtime_computes(make):
    network = prepare(make(), frames())
    x = frames(20, seed=1)
    found, wanted = outputs(network, x), evaluate(network.graph, x)
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.shape == theirs.shape
        assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("make", GRAPHS)
def test_a_quantized_network_computes_its_exact_meaning(make, grid):
    network = ruled(quantized(prepare(make(), frames())), grid, masked=True)
    x = frames(20, seed=1)
    for ours, exact in zip(outputs(network, x), exact_outputs(network, x), strict=True):
        assert_allclose(ours, exact, rtol=1e-5, atol=1e-5 * np.abs(exact).max())


@pytest.mark.parametrize("make", GRAPHS)
def test_a_network_comes_back_to_the_last_bit(make):
    network = prepare(make(), frames())
    back = torch_net(network).network()
    for name in network.graph.order():
        before, after = network.graph.op(name), back.graph.op(name)
        assert type(before) is type(after)
        for key in ("weight", "bias", "gamma", "beta", "mean", "variance"):
            if hasattr(before, key):
                assert_array_equal(getattr(before, key), getattr(after, key))


@pytest.mark.parametrize("make", GRAPHS)
def test_training_computes_what_evaluation_computes(make):
    import torch

    network = ruled(quantized(prepare(make(), frames())), GRIDS[2])
    net, x = torch_net(network), torch.from_numpy(frames(200, seed=1))
    net.settle()
    for norm in net.norms.values():
        norm.momentum = 1.0
    ends = net.ends(classes=True)
    (trained,) = net.trained(x, torch.float32, ends)
    (plain,) = (values[ends[0]] for values in net.batches(x, ends))
    trained, plain = trained.detach().numpy(), plain.numpy()
    # The rounding of sums may move a code that lies next to an edge.
    assert np.isclose(trained, plain, rtol=1e-4, atol=1e-4).mean() > 0.7
    assert (np.abs(trained - plain) <= 0.02 * np.abs(plain).max()).mean() > 0.98


def test_outputs_do_not_depend_on_the_size_of_batches():
    import torch

    net, x = torch_net(small()), torch.from_numpy(frames(30, seed=1))
    parts = [values["softmax"] for values in net.batches(x, ["softmax"], batch=7)]
    (whole,) = net.forward(x)
    assert_allclose(torch.cat(parts).numpy(), whole.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("classes", "ends"), ((True, ("out", "out", "out")), (False, ("out", "sigmoid", "out")))
)
def test_training_looks_at_what_has_a_gradient(classes, ends):
    assert torch_net(prepare(windows(), frames())).ends(classes=classes) == ends


def test_classes_are_learned_in_front_of_the_softmax():
    assert torch_net(small()).ends(classes=True) == ("d",)
    assert torch_net(small()).ends(classes=False) == ("softmax",)


def test_an_op_that_cannot_be_trained_is_named():
    import torch

    net = Net()
    x = net.add("steps", MultiThreshold(((Fraction(3),),)), net.x)
    graph = net.build(net.dense(x, 4, "out"))
    network = Network(graph, {"out": Rule()}, 1)
    with pytest.raises(UnsupportedError, match=r"MultiThreshold 'steps' must be an op that can be"):
        torch_net(network).forward(torch.from_numpy(frames(2)))
