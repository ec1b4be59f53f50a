"""Where a network under compression gets activation quantizers, and which grids."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.compress.activations import quantize_activations, without_quantizers
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.ir.ops.concat import Concat
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.quantize.ranges import Range

from .graphs import Net, depthwise, frames, residual, vgg
from .imitation import Unchanged


def quantizers(network):
    graph = network.graph
    return {
        graph.inputs(name)[0]: graph.op(name)
        for name in graph.order()
        if isinstance(graph.op(name), Quantize)
    }


def test_every_layer_reads_a_grid():
    trainer = Unchanged({"b/relu": Range(0, 3)})
    found = quantizers(quantize_activations(prepare(vgg(), frames()), 4, trainer, byte_input=True))
    assert list(found) == ["scale", "a/relu", "b/relu", "c/relu"]
    assert {name: op.high for name, op in found.items()} == {
        "scale": 255,
        "a/relu": 15,
        "b/relu": 15,
        "c/relu": 15,
    }
    assert found["b/relu"].scale == (Fraction(float(np.float32(3 / 15))),)
    assert sorted(trainer.asked) == [(("a/relu", "b/relu", "c/relu"), 4), (("scale",), 8)]


@pytest.mark.parametrize(("byte_input", "scale"), [(True, Fraction(1)), (False, Fraction(2))])
def test_bytes_are_their_own_codes(byte_input, scale):
    trainer = Unchanged({"x": Range(0, 510)})
    network = quantize_activations(prepare(residual(), frames()), 4, trainer, byte_input=byte_input)
    assert quantizers(network)["x"].scale == (scale,)


def test_summands_and_averages_keep_eight_bits():
    network = quantize_activations(prepare(residual(), frames()), 3, Unchanged(), byte_input=True)
    wide = {name for name, op in quantizers(network).items() if op.high == 255}
    assert wide == {"x", "a2/norm", "b2/norm", "short/norm", "add2/relu/mean"}


def test_what_meets_in_a_concat_has_one_grid():
    net = Net()
    one, two = (net.relu(net.conv(net.x, 4, name)) for name in "ab")
    joined = net.add("joined", Concat(2), one, two)
    graph = net.build(net.dense(net.relu(net.conv(joined, 5, "c")), 4, "out"))
    trainer = Unchanged({"a/relu": Range(0, 2), "b/relu": Range(-1, 1)})
    found = quantizers(quantize_activations(prepare(graph, frames()), 4, trainer, byte_input=True))
    assert found["a/relu"] == found["b/relu"]
    assert found["a/relu"].scale == (Fraction(float(np.float32(3 / 15))),)


@pytest.mark.parametrize("make", [vgg, residual, depthwise])
def test_old_quantizers_are_replaced(make):
    network = prepare(make(), frames())
    first = quantize_activations(network, 8, Unchanged(), byte_input=True)
    second = quantize_activations(first, 4, Unchanged(), byte_input=True)
    assert second.graph.order() == first.graph.order()
    assert min(op.high for op in quantizers(second).values()) == 15
    assert without_quantizers(second.graph).order() == network.graph.order()
