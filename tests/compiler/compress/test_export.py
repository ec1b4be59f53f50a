"""Networks as quantized graphs and files: what was folded, and that nothing else changed."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.compress.codes import codes_of
from sangi.compiler.compress.export import COMPRESSED, quantized_graph, write_compressed
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.norm import Norm
from sangi.compiler.compress.prepare import prepare
from sangi.compiler.compress.rule import Integer, Rule, Ternary
from sangi.compiler.execute.real.execute import execute_real
from sangi.compiler.execute.runtime import open_session
from sangi.compiler.frontend import load, load_graph
from sangi.compiler.ir import ops as ir
from sangi.compiler.ir.graph import GraphBuilder
from sangi.compiler.onnx_io.write.original import write_original
from sangi.runtime.errors import BuildError
from sangi.runtime.host import execute

from .graphs import depthwise, evaluate, frames, residual, vgg
from .random_nets import bytes_for, random_network


def one_layer(gamma: list[float], rule: Rule) -> Network:
    """Conv, Norm and Relu of as many channels as there are gammas; three weights a filter."""
    builder = GraphBuilder("one")
    x = builder.add("x", ir.Input("x", (2, 2, 3), "NHWC"))
    weight = np.array([[[[0.5, -1.0, 0.25]]]] * len(gamma))
    conv = builder.add("conv", ir.Conv(weight, bias=(Fraction(1, 2),) * len(gamma)), [x])
    ones = np.ones(len(gamma))
    norm = builder.add("norm", Norm(np.array(gamma), 3 * ones, 2 * ones, 4 * ones, 0.0), [conv])
    relu = builder.add("relu", ir.Relu(), [norm])
    graph = builder.build([(relu, "y")]).verify()
    return Network(graph, {"conv": rule}, 12)


def test_norm_goes_into_scale_sign_and_bias() -> None:
    network = one_layer([2.0, -4.0, 0.0, 1e-44], Rule(Integer(8)))
    codes, scale = codes_of(network.layer("conv").weight, network.rules["conv"])
    graph = quantized_graph(network)
    assert graph.order() == ("x", "conv", "relu")
    conv = graph.op("conv")
    # A gain of 0, and one that leaves no scale of float32, leave no weights.
    signs = np.array([1, -1, 0, 0]).reshape(-1, 1, 1, 1)
    assert np.array_equal(conv.weight, codes * signs)
    step = Fraction(float(scale[0]))
    assert conv.weight_scale == (step, 2 * step, 1, 1)
    # beta - gain * mean + gain * bias
    assert conv.bias == (3 - 2 + Fraction(1, 2), 3 + 4 - 1, 3, 3)
    assert graph.metadata["sangi.original_weights"] == "12"


def test_layers_without_a_grid_keep_their_norm() -> None:
    mask = np.ones((2, 1, 1, 3), np.bool_)
    mask[0, 0, 0, 1] = False
    graph = quantized_graph(one_layer([2.0, -4.0], Rule(None, None, mask)))
    assert np.array_equal(graph.op("conv").weight, [[[[0.5, 0, 0.25]]], [[[0.5, -1, 0.25]]]])
    assert graph.op("norm").scale == (1, -2)
    assert graph.op("norm").shift == (1, 7)


def test_a_norm_that_is_not_a_layers_own_stays() -> None:
    network = one_layer([2.0], Rule(Ternary(0.1), np.ones(1)))
    outputs = (*network.graph.outputs, ("conv", "sums"))
    graph = quantized_graph(replace(network, graph=replace(network.graph, outputs=outputs)))
    assert isinstance(graph.op("norm"), ir.BatchNorm)
    assert graph.op("conv").bias == (Fraction(1, 2),)


@pytest.mark.parametrize("make", [vgg, residual, depthwise])
def test_a_float_network_stays_what_it_is(make) -> None:
    x = frames()
    network = prepare(make(), x)
    network = replace(
        network, graph=network.graph.with_ops({"x": ir.Input("x", (3, 8, 8), "NCHW")})
    )
    model = write_original(quantized_graph(network))
    kinds = [node.op_type for node in model.graph.node]
    assert "BatchNormalization" in kinds and "Transpose" not in kinds
    (got,) = open_session(model).run(None, {"x": x.transpose(0, 3, 1, 2)})
    (want,) = evaluate(network.graph, x)
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3 * np.abs(want).max())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["NCHW", "NHWC"]))
def test_file_program_and_onnx_runtime_agree(tmp_path_factory, seed: int, layout: str) -> None:
    network = random_network(seed, layout)
    path = tmp_path_factory.mktemp("net") / "net.onnx"
    graph = write_compressed(quantized_graph(network), path, {})
    onnx.checker.check_model(onnx.load(path), full_check=True)
    # Codes: as they were written, whatever order the file had them in.
    read = load_graph(path)
    assert set(network.layers()) <= set(read.order())
    for name in network.layers():
        assert np.array_equal(read.op(name).weight, graph.op(name).weight)
        assert read.op(name).bias == graph.op(name).bias
    # The program is exactly what the graph means in real numbers.
    x = bytes_for(network, 8, seed)
    program = load(path)
    assert program.original_weights == network.original_weights
    (got,) = execute(program, x).values()
    meaning = execute_real(graph, x)[graph.outputs[0][0]]
    np.testing.assert_allclose(got, meaning, rtol=1e-6, atol=1e-6)
    # ONNX Runtime computes in float32: a rare tie falls to the other side.
    (floats,) = open_session(onnx.load(path)).run(None, {"x": x.astype(np.float32)})
    scale = np.abs(meaning).max() + 1
    near = np.abs(floats - meaning).max(axis=1) < 1e-4 * scale
    assert np.count_nonzero(~near) <= 1


def test_the_files_metadata_says_what_it_was_given(tmp_path: Path) -> None:
    network = random_network(3, "NCHW")
    path = tmp_path / "net.onnx"
    write_compressed(quantized_graph(network), path, {COMPRESSED: json.dumps({"seed": 3})})
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert metadata == {
        "sangi.compressed": '{"seed": 3}',
        "sangi.original_weights": str(network.original_weights),
    }
    first = path.read_bytes()
    write_compressed(quantized_graph(network), path, {COMPRESSED: json.dumps({"seed": 3})})
    assert path.read_bytes() == first
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.onnx"]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"old")

    def full(self: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(BuildError, match=r"net\.onnx cannot be written: No space left on device"):
        write_compressed(quantized_graph(random_network(3, "NCHW")), path, {})
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["net.onnx"]
