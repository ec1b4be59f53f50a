"""Sizes of networks: counted by hand, and as the report of the circuit counts them."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from sangi.boards.load import load_board
from sangi.compiler.compress.export import quantized_graph, write_compressed
from sangi.compiler.compress.network import Network
from sangi.compiler.compress.rule import Integer, Rule, Ternary
from sangi.compiler.compress.sizes import Sizes, measure
from sangi.compiler.frontend import load
from sangi.compiler.ir import ops as ir
from sangi.compiler.ir.graph import GraphBuilder
from sangi.compiler.mapping.mapper import map_program
from sangi.compiler.report.weights import count_bits

from .random_nets import random_network


def two_layers(first: Rule, second: Rule) -> Network:
    builder = GraphBuilder("two")
    x = builder.add("x", ir.Input("x", (3,), "N"))
    weight = np.array([[0.7, -0.7, 0.0], [0.0, 0.7, 0.1]])
    x = builder.add("a", ir.Dense(weight), [x])
    x = builder.add("b", ir.Dense(np.array([[1.0, 0.0]])), [x])
    return Network(builder.build([(x, "y")]).verify(), {"a": first, "b": second}, 100)


def deflated(*arrays: np.ndarray) -> int:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(array.tobytes() for array in arrays)
    return 8 * len(packer.compress(data) + packer.flush())


def test_every_encoding_by_hand() -> None:
    ones = np.ones(2)
    network = two_layers(Rule(Ternary(0.5), ones), Rule(Integer(8)))
    codes = np.array([[1, -1, 0], [0, 1, 0]], np.int8), np.array([[127, 0]], np.int8)
    assert measure(network) == Sizes(
        dense=6 * 2 + 2 * 8,
        nonzero=3 * 2 + 1 * 8,
        indexed=3 * (2 + 2) + 1 * (8 + 1),
        deflate=deflated(*codes),
        float32=3200,
    )


def test_real_weights_are_float32() -> None:
    sizes = measure(two_layers(Rule(), Rule()))
    weights = [[0.7, -0.7, 0.0], [0.0, 0.7, 0.1], [1.0, 0.0]]
    stored = [np.array(row, np.float32) for row in weights]
    assert (sizes.dense, sizes.nonzero) == (8 * 32, 5 * 32)
    assert sizes.deflate == deflated(*stored)


def test_ratios_are_to_the_original() -> None:
    sizes = Sizes(dense=10, nonzero=0, indexed=4, deflate=5, float32=100)
    assert [sizes.ratio(which) for which in ("dense", "indexed", "deflate")] == [10, 25, 20]
    assert sizes.ratio("nonzero") == float("inf")


@pytest.mark.parametrize("seed", range(6))
def test_the_report_of_the_circuit_counts_the_same(tmp_path: Path, seed: int) -> None:
    network = random_network(seed, "NCHW", depthwise=False)
    sizes = measure(network)
    path = tmp_path / "net.onnx"
    write_compressed(quantized_graph(network), path, {})
    bits = count_bits(map_program(load(path), load_board("zcu104"), target_fps=1_000))
    assert sizes == Sizes(bits.dense, bits.nonzero, bits.indexed, bits.deflate, bits.float32)
