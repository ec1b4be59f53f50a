"""First, last and depthwise layers."""

from __future__ import annotations

from sangi.compiler.compress.edges import body_layers, edge_layers

from .graphs import Net, depthwise, residual, vgg


def test_first_and_last_layers_are_edges():
    assert edge_layers(vgg()) == ("a", "d")
    assert body_layers(vgg()) == ("b", "c")
    assert edge_layers(residual()) == ("stem", "out")
    assert body_layers(residual()) == ("a1", "a2", "b1", "b2", "short")


def test_depthwise_layers_are_edges():
    assert edge_layers(depthwise()) == ("stem", "dw", "out")


def test_where_all_layers_are_edges_none_is():
    net = Net()
    graph = net.build(net.dense(net.relu(net.conv(net.x, 4, "a")), 4, "out"))
    assert edge_layers(graph) == ()
    assert body_layers(graph) == ("a", "out")
