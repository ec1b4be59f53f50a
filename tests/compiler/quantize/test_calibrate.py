"""Calibration: grids, weights, places, and images that do not do."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.tail import Softmax
from sangi.compiler.quantize.calibrate import calibrate
from sangi.compiler.quantize.places import quantized_nodes
from sangi.compiler.quantize.ranges import (
    Range,
    best_range,
    grid,
    histogram,
    observed,
    rounded,
)
from sangi.compiler.quantize.weights import quantize_weights
from sangi.runtime.errors import DataError
from sangi.runtime.numerics import Rounding

RANDOM = np.random.default_rng(8)


def network() -> Graph:
    builder = GraphBuilder("net")
    x = builder.add("x", Input("x", (4, 4, 2), "NHWC"))
    n = builder.add("normalize", Affine((Fraction(1, 64),), (Fraction(-2),)), [x])
    c = builder.add("conv", Conv(RANDOM.normal(size=(3, 3, 3, 2)), padding=(1,) * 4), [n])
    r = builder.add("relu", Relu(), [c])
    d = builder.add("branch", Conv(RANDOM.normal(size=(3, 1, 1, 3))), [r])
    a = builder.add("add", Add(), [r, d])
    m = builder.add("max", MaxPool((2, 2), (2, 2)), [builder.add("relu2", Relu(), [a])])
    p = builder.add("mean", AveragePool((2, 2), (1, 1)), [m])
    f = builder.add("flat", Reshape((3,)), [p])
    y = builder.add("dense", Dense(RANDOM.normal(size=(5, 3))), [f])
    return builder.build([(builder.add("softmax", Softmax(0), [y]), "y")])


def test_quantizers_stand_behind_layers_and_not_before_the_host() -> None:
    assert quantized_nodes(network()) == ("normalize", "relu", "branch", "relu2", "mean")


def test_zero_lies_on_every_grid() -> None:
    for low, high in ((0.0, 3.0), (-2.7, 0.0), (-1.0, 5.0), (0.0, 0.0)):
        values = np.array([low, 0.0, high])
        step = float(grid(Range(low, high)).scale[0])
        got = rounded(values, grid(Range(low, high)))
        assert got[1] == 0
        assert np.abs(got - values).max() <= step
    assert observed(np.array([2.0, 3.0])) == Range(0.0, 3.0)
    assert Range(-1.0, 2.0).join(Range(0.0, 3.0)) == Range(-1.0, 3.0)


def test_outliers_are_clamped_where_that_lessens_the_error() -> None:
    values = RANDOM.normal(size=1_000_000)
    span = observed(values)
    assert best_range(histogram([values], span), span).high > 0.6 * span.high
    outliers = np.concatenate([values, [12.0]])
    span = observed(outliers)
    best = best_range(histogram([outliers], span), span)
    assert best.high < 0.8 * span.high
    error = [np.mean((values - rounded(values, grid(s))) ** 2) for s in (best, span)]
    assert error[0] < error[1]


def test_weights_use_all_codes_per_filter_and_zeros_stay() -> None:
    weight = RANDOM.normal(size=(3, 4)) * np.array([[1e-3], [1.0], [0.0]])
    layer = quantize_weights(Dense(weight, None, (Fraction(1, 3),) * 3))
    assert layer.weight_scale is not None and layer.bias is not None
    assert np.abs(layer.weight).max(axis=1).tolist() == [127, 127, 0]
    real = layer.weight * np.array([[float(s)] for s in layer.weight_scale])
    assert np.abs(real - weight).max() <= 0.5 * float(max(layer.weight_scale[:2]))
    assert layer.bias[0] == Fraction(float(np.float32(1 / 3)))


def test_both_methods_give_graphs_without_float_weights() -> None:
    frames = RANDOM.integers(0, 256, (20, 4, 4, 2)).astype(np.uint8)
    for method in ("minmax", "mse"):
        graph = calibrate(network(), frames, method)  # type: ignore[arg-type]
        layers = [op for op in map(graph.op, graph.order()) if isinstance(op, Conv | Dense)]
        assert [op.weight_scale is None for op in layers] == [False] * 3
        assert graph.inputs("add") == ("relu/quantize", "branch/quantize")


def test_a_quantized_graph_gets_nothing_but_its_input_s_quantizer() -> None:
    builder = GraphBuilder("net")
    x = builder.add("x", Input("x", (6,), "N"))
    layer = Dense(RANDOM.integers(-3, 4, (4, 6)), (Fraction(1, 8),))
    d = builder.add("dense", layer, [builder.add("relu", Relu(), [x])])
    # Nothing behind the input is executed: this rounding cannot be written as QuantizeLinear.
    half_up = Quantize((Fraction(1, 4),), (Fraction(1, 2),), 0, 15, Rounding.HALF_UP, True)
    q = builder.add("quantize", half_up, [d])
    graph = builder.build([(builder.add("last", Dense(RANDOM.normal(size=(2, 4))), [q]), "y")])
    assert quantized_nodes(graph) == ("x",)
    after = calibrate(graph, RANDOM.normal(size=(40, 6)).astype(np.float32))
    assert after.order() == ("x", "x/quantize", "relu", "dense", "quantize", "last")
    assert after.op("dense") is layer
    assert after.op("quantize") is half_up
    last = after.op("last")
    assert isinstance(last, Dense) and last.weight_scale is not None
    pixels = calibrate(graph, RANDOM.integers(0, 256, (40, 6)).astype(np.uint8))
    entry = pixels.op("x/quantize")
    assert isinstance(entry, Quantize) and (entry.scale, entry.low, entry.high) == ((1,), 0, 255)


def test_a_graph_that_lacks_nothing_stays_as_it_is() -> None:
    builder = GraphBuilder("net")
    x = builder.add("x", Input("x", (6,), "N"))
    q = builder.add("q", Quantize((Fraction(1),), (0,), 0, 255), [x])
    d = builder.add("d", Dense(RANDOM.integers(-3, 4, (4, 6)), (Fraction(1, 8),)), [q])
    graph = builder.build([(d, "y")])
    assert quantized_nodes(graph) == ()
    assert calibrate(graph, np.zeros((1, 6), np.float32)).order() == ("x", "q", "d")


def test_frames_that_do_not_do() -> None:
    with pytest.raises(DataError, match=r"^calibration needs at least one image, not 0$"):
        calibrate(network(), np.zeros((0, 4, 4, 2), np.uint8))
    frames = np.ones((2, 4, 4, 2), np.float32)
    frames[1, 2, 3, 0] = np.inf
    with pytest.raises(DataError) as caught:
        calibrate(network(), frames)
    assert str(caught.value) == (
        "Affine 'normalize' must give finite values on the calibration images, "
        "not NaN or infinity: check --mean and --std"
    )
