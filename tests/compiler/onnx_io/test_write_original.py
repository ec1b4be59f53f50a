"""Writing in the original's layout: ONNX Runtime computes it, without Transposes in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import pytest

from sangi.compiler.execute.run import run_graph
from sangi.compiler.execute.runtime import open_session
from sangi.compiler.ir import ops as ir
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.onnx_io.write.original import write_original

SHAPE = (5, 6, 3)


def exact(*values: float) -> tuple[Fraction, ...]:
    return tuple(Fraction(float(np.float32(value))) for value in values)


class Net:
    """Builds a graph of one image input in either layout."""

    def __init__(self, layout: str) -> None:
        self.random = np.random.default_rng(4)
        self.builder = GraphBuilder("net")
        declared = SHAPE if layout == "NHWC" else (SHAPE[2], *SHAPE[:2])
        self.x = self.add("x", ir.Input("pixels", declared, layout))

    def add(self, name: str, op: Any, *inputs: str) -> str:
        return self.builder.add(name, op, inputs)

    def conv(self, x: str, filters: int, name: str, **options: Any) -> str:
        channels = self.builder.shape(x)[-1] // options.get("groups", 1)
        weight = self.random.normal(size=(filters, 3, 3, channels)).astype(np.float32)
        return self.add(name, ir.Conv(weight.astype(np.float64), **options), x)

    def dense(self, x: str, filters: int, name: str) -> str:
        weight = self.random.normal(size=(filters, *self.builder.shape(x))).astype(np.float32)
        bias = exact(*self.random.normal(size=filters))
        return self.add(name, ir.Dense(weight.astype(np.float64), bias=bias), x)

    def flat(self, x: str, name: str) -> str:
        return self.add(name, ir.Reshape((int(np.prod(self.builder.shape(x))),)), x)

    def outputs(self, *nodes: str) -> Graph:
        """End in these, images in the layout of ONNX."""
        ends = [
            self.add(f"{node}/nchw", ir.Transpose((2, 0, 1)), node)
            if len(self.builder.shape(node)) == 3
            else node
            for node in nodes
        ]
        return self.builder.build(
            (end, f"out_{node}") for end, node in zip(ends, nodes, strict=True)
        ).verify()


def classifier(layout: str) -> Graph:
    """Per-channel constants and quantizers on images and behind a flatten."""
    net = Net(layout)
    x = net.add("norm", ir.Affine(exact(0.5, 2, 3), exact(1, -1, 0.25)), net.x)
    x = net.conv(x, 4, "conv", stride=(2, 1), padding=(1, 0, 2, 1))
    x = net.add("bn", ir.BatchNorm(exact(0.1, -0.5, 0, 1), exact(1, 2, 3, 4)), x)
    x = net.add("grid", ir.Quantize(exact(0.1, 0.2, 0.3, 0.4), (0, 1, 2, 3), -4, 11), x)
    x = net.add("pool", ir.MaxPool((2, 2), (1, 2)), x)
    x = net.flat(x, "flat")
    count = net.builder.shape(x)[0]
    scale, shift = (exact(*net.random.normal(size=count)) for _ in range(2))
    x = net.add("bent", ir.Affine(scale, shift), net.add("relu", ir.Relu(), x))
    x = net.dense(net.dense(x, 6, "hidden"), 5, "last")
    return net.outputs(net.add("softmax", ir.Softmax(0), x))


def branches(layout: str) -> Graph:
    """Every op that moves or chooses along axes, and outputs that are images."""
    net = Net(layout)
    left = net.conv(net.x, 4, "left", padding=(1, 1, 1, 1))
    right = net.conv(net.x, 4, "right", padding=(1, 1, 1, 1))
    both = net.add("cat", ir.Concat(2), net.add("sum", ir.Add(), left, right), net.x)
    cut = net.add("cut", ir.Slice((1, 0, 2), (2, 3, 4), (2, 2, 1)), both)
    wide = net.add("wide", ir.Pad((1, 0, 0), (0, 2, 1)), cut)
    best = net.add("best", ir.ArgMax(2, keepdims=False), wide)
    row = net.add("row", ir.ArgMax(0), wide)
    alike = net.add("alike", ir.Softmax(2), both)
    mean = net.add("mean", ir.AveragePool(SHAPE[:2], (1, 1)), both)
    return net.outputs(best, row, alike, left, net.dense(net.flat(mean, "flat"), 2, "out"))


def shaped(layout: str) -> Graph:
    """Flattened images that no Dense reads, and images made of vectors."""
    net = Net(layout)
    x = net.conv(net.x, 4, "conv")
    flat = net.flat(x, "flat")
    image = net.add("image", ir.Reshape((2, 3, 8)), flat)
    x = net.conv(image, 2, "again", padding=(1, 1, 1, 1))
    return net.outputs(flat, x, net.dense(net.flat(net.x, "raw"), 3, "direct"))


def inputs(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """Frames as the graph takes them, and as the file does."""
    x = np.random.default_rng(8).normal(size=(6, *SHAPE)).astype(np.float32)
    layout = graph.op("x").layout
    return x, x.transpose(0, 3, 1, 2) if layout == "NCHW" else x


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("make", [classifier, branches, shaped])
def test_the_file_computes_what_the_graph_means(make: Callable[[str], Graph], layout: str) -> None:
    graph = make(layout)
    model = write_original(graph)
    onnx.checker.check_model(model, full_check=True)
    x, declared = inputs(graph)
    session = open_session(model)
    got = session.run(None, {"pixels": declared})
    want = run_graph(graph, x)
    names = [entry.name for entry in session.get_outputs()]
    assert names == [name for _, name in graph.outputs]
    for (node, _), values in zip(graph.outputs, got, strict=True):
        assert values.shape == want[node].shape
        np.testing.assert_allclose(values, want[node], rtol=1e-5, atol=1e-5)


def kinds(graph: Graph) -> Counter[str]:
    return Counter(node.op_type for node in write_original(graph).graph.node)


def test_channels_first_needs_no_transpose() -> None:
    assert kinds(classifier("NCHW"))["Transpose"] == 0
    # The softmax over channels, the pooled image and all others stay as they are.
    assert kinds(branches("NCHW"))["Transpose"] == 0


def test_channels_last_is_turned_once_at_the_input() -> None:
    # The constants in front of the first convolution are applied in the input's layout.
    assert kinds(classifier("NHWC"))["Transpose"] == 1


def test_names_and_shapes_are_those_of_the_original() -> None:
    model = write_original(classifier("NCHW"))
    (entry,) = model.graph.input
    sizes = [dim.dim_param or dim.dim_value for dim in entry.type.tensor_type.shape.dim]
    assert (entry.name, sizes) == ("pixels", ["N", 3, 5, 6])
    assert [output.name for output in model.graph.output] == ["out_softmax"]
    named = {node.name: node.op_type for node in model.graph.node if ":" not in node.name}
    assert named == {
        "norm": "Add",
        "conv": "Conv",
        "bn": "BatchNormalization",
        "grid": "DequantizeLinear",
        "pool": "MaxPool",
        "flat": "Reshape",
        "relu": "Relu",
        "bent": "Add",
        "hidden": "Gemm",
        "last": "Gemm",
        "softmax": "Softmax",
    }


def test_an_output_is_written_under_its_name_at_once() -> None:
    model = write_original(branches("NCHW"))
    made = {name: node.name for node in model.graph.node for name in node.output}
    assert made["out_left"] == "left"
    assert "Identity" not in kinds(branches("NCHW"))


def test_one_tensor_may_be_several_outputs_and_the_input_may_be_one() -> None:
    graph = classifier("NCHW")
    ends = (*graph.outputs, ("last", "logits"), ("last", "again"), ("x", "same"))
    model = write_original(replace(graph, outputs=ends))
    onnx.checker.check_model(model, full_check=True)
    _, declared = inputs(graph)
    _, logits, again, same = open_session(model).run(None, {"pixels": declared})
    assert np.array_equal(logits, again)
    # The graph's own order of axes: its output is not turned back here.
    assert np.array_equal(same, declared.transpose(0, 2, 3, 1))


def test_features_of_several_axes_are_flattened() -> None:
    builder = GraphBuilder("features")
    x = builder.add("x", ir.Input("x", (2, 3), "N"))
    weight = np.arange(12, dtype=np.float64).reshape(2, 6)
    graph = builder.build([(builder.add("y", ir.Dense(weight), [x]), "y")])
    frames = np.random.default_rng(1).integers(-9, 9, (4, 2, 3)).astype(np.float32)
    (got,) = open_session(write_original(graph)).run(None, {"x": frames})
    assert np.array_equal(got, frames.reshape(4, 6) @ weight.T.astype(np.float32))


def test_writing_twice_gives_the_same_bytes() -> None:
    first, second = (
        write_original(branches("NCHW")).SerializeToString(deterministic=True) for _ in range(2)
    )
    assert first == second
