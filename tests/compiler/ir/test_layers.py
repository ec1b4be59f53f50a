"""Which layer a node belongs to."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sangi.compiler.ir import ops as ir
from sangi.compiler.ir.graph import GraphBuilder
from sangi.compiler.ir.layers import layer_of

CODES = ir.Quantize((Fraction(1),), (0,), 0, 255)


def test_a_layer_holds_what_rescales_clamps_rounds_and_moves() -> None:
    builder = GraphBuilder("net")
    builder.add("x", ir.Input("x", (4, 4, 2), "NHWC"))
    builder.add("codes", CODES, ["x"])
    builder.add("conv", ir.Conv(np.ones((3, 1, 1, 2))), ["codes"])
    builder.add("scaled", ir.Affine((Fraction(2),), (Fraction(1),)), ["conv"])
    builder.add("relu", ir.Relu(), ["scaled"])
    builder.add("rounded", CODES, ["relu"])
    builder.add("turned", ir.Transpose((2, 0, 1)), ["rounded"])
    builder.add("flat", ir.Reshape((48,)), ["turned"])
    builder.add("dense", ir.Dense(np.ones((5, 48))), ["flat"])
    builder.add("odds", ir.Sigmoid(), ["dense"])
    graph = builder.build([("odds", "odds")])
    layers = {name: layer_of(graph, name) for name in graph.order()}
    assert layers == {
        **dict.fromkeys(["x", "codes"], "x"),
        **dict.fromkeys(["conv", "scaled", "relu", "rounded", "turned", "flat"], "conv"),
        "dense": "dense",
        "odds": "odds",
    }


def test_what_is_rounded_again_is_a_layer_of_its_own() -> None:
    builder = GraphBuilder("net")
    builder.add("x", ir.Input("x", (4,), "N"))
    builder.add("first", CODES, ["x"])
    builder.add("again", CODES, ["first"])
    builder.add("relu", ir.Relu(), ["again"])
    builder.add("last", CODES, ["relu"])
    graph = builder.build([("last", "last")])
    assert [layer_of(graph, name) for name in ("first", "again", "last")] == ["x", "again", "relu"]
    thresholds = ir.MultiThreshold(((Fraction(1), Fraction(2)),))
    builder.add("counted", thresholds, ["last"])
    assert layer_of(builder.build([("counted", "counted")]), "counted") == "counted"
