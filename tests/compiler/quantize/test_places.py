"""Where inputs get quantizers: behind everything that normalizes them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from sangi.compiler.execute.runtime import open_session
from sangi.compiler.frontend import load
from sangi.compiler.ir.graph import GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.quantize.places import quantized_nodes
from sangi.runtime.host import execute

HALF, LESS = Affine((Fraction(1, 2),), (Fraction(0),)), Affine((Fraction(1),), (Fraction(-3),))


def conv(filters: int = 2) -> Conv:
    return Conv(np.ones((filters, 3, 3, 2)), padding=(1, 1, 1, 1))


def test_all_constants_behind_an_input_come_before_its_quantizer() -> None:
    builder = GraphBuilder("net")
    x = builder.add("x", Input("x", (4, 4, 2), "NHWC"))
    x = builder.add("less", LESS, [builder.add("half", HALF, [x])])
    x = builder.add("b", conv(), [builder.add("a", conv(), [x])])
    assert quantized_nodes(builder.build([(x, "y")])) == ("less", "a")


def test_an_input_with_two_readers_is_quantized_for_both() -> None:
    builder = GraphBuilder("net")
    x = builder.add("x", Input("x", (4, 4, 2), "NHWC"))
    a = builder.add("a", conv(), [builder.add("half", HALF, [x])])
    total = builder.add("sum", Add(), [a, builder.add("b", conv(), [x])])
    graph = builder.build([(builder.add("c", conv(), [total]), "y")])
    assert quantized_nodes(graph) == ("x", "half", "a", "b", "sum")


def test_a_model_that_subtracts_and_divides_is_calibrated(tmp_path: Path) -> None:
    """Padding stands for a real 0, which no byte is: only normalized pixels have a grid."""
    random = np.random.default_rng(0)
    kernels = random.normal(size=(4, 3, 3, 3)).astype(np.float32)
    mean = np.array([100.3, 110.7, 120.1], np.float32).reshape(3, 1, 1)
    constants = {"mean": mean, "std": mean / 2, "w": kernels}
    nodes = [
        helper.make_node("Sub", ["x", "mean"], ["less"], "less"),
        helper.make_node("Div", ["less", "std"], ["normal"], "normal"),
        helper.make_node("Conv", ["normal", "w"], ["y"], "conv", pads=[1] * 4),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N", 3, 6, 6])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["N", 4, 6, 6])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    x = random.integers(0, 256, (40, 3, 6, 6)).astype(np.uint8)
    (wanted,) = open_session(model).run(None, {"x": x.astype(np.float32)})
    found = execute(load(tmp_path / "net.onnx", data=x), x)["y"]
    # Eight bits for weights and for normalized pixels.
    assert np.abs(found - wanted).max() < 0.02 * np.abs(wanted).max()
