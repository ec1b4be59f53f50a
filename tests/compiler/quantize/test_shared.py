"""Grids that quantizers share, because a Concat joins their codes for a layer."""

from __future__ import annotations

import numpy as np

from sangi.compiler.frontend import load
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.concat import Concat
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.quantize.calibrate import calibrate
from sangi.compiler.quantize.places import quantized_nodes
from sangi.compiler.quantize.shared import shared_grids
from sangi.runtime.host import execute

from ..onnx_models import Model, onnx_runtime

RANDOM = np.random.default_rng(3)


def conv(filters: int, channels: int) -> Conv:
    return Conv(RANDOM.normal(size=(filters, 3, 3, channels)), padding=(1,) * 4)


def block(last: str) -> Graph:
    """Two joins of what three layers make; what reads the second one is open."""
    builder = GraphBuilder("block")
    x = builder.add("x", Input("x", (4, 4, 2), "NHWC"))
    a = builder.add("a", Relu(), [builder.add("conv_a", conv(3, 2), [x])])
    b = builder.add("b", Relu(), [builder.add("conv_b", conv(3, 3), [a])])
    m = builder.add("m", MaxPool((3, 3), (1, 1), (1,) * 4), [a])
    j = builder.add("j", Concat(2), [m, b])
    c = builder.add("c", Relu(), [builder.add("conv_c", conv(2, 3), [a])])
    k = builder.add("k", Concat(2), [j, c])
    if last == "conv":
        y = builder.add("y", conv(2, 8), [k])
    elif last == "norm":
        y = builder.add("bn", BatchNorm((1,) * 8, (0,) * 8), [k])
        y = builder.add("y", conv(2, 8), [y])
    else:
        y = builder.add("y", AveragePool((4, 4), (1, 1)), [k])
    return builder.build([(y, "out")])


def test_layers_need_one_grid() -> None:
    graph = block("conv")
    places = quantized_nodes(graph)
    assert places == ("x", "a", "b", "c")
    assert shared_grids(graph, places) == (("a", "b", "c"),)


def test_what_takes_channels_by_themselves_does_not() -> None:
    assert shared_grids(block("norm"), quantized_nodes(block("norm"))) == ()
    assert shared_grids(block("mean"), quantized_nodes(block("mean"))) == ()


def test_calibration_gives_one_grid_over_all_values() -> None:
    frames = RANDOM.integers(0, 256, (20, 4, 4, 2)).astype(np.uint8)
    for method in ("minmax", "mse"):
        graph = calibrate(block("conv"), frames, method)  # type: ignore[arg-type]
        grids = [graph.op(f"{name}/quantize") for name in "abc"]
        assert len({(g.scale, g.zero_point) for g in grids}) == 1  # type: ignore[attr-defined]


def test_a_calibrated_dense_block_is_close_to_the_float_one(tmp_path) -> None:
    model = Model(("N", 3, 8, 8))
    x = model.node("Relu", model.conv("x", 4, 3, pads=[1] * 4))
    for channels in (4, 7):
        grown = model.node("Relu", model.conv(x, 3, channels, pads=[1] * 4))
        x = model.node("Concat", grown, x, axis=1)
    y = model.node("GlobalAveragePool", model.conv(x, 5, 10))
    frames = RANDOM.integers(0, 256, (64, 3, 8, 8)).astype(np.float32)
    path = model.save(tmp_path, y)
    (got,) = execute(load(path, data=frames), frames).values()
    (want,) = onnx_runtime(path, frames)
    assert np.abs(got - want).max() < 0.03 * np.abs(want).max()
