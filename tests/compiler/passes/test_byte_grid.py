"""Pixels of a quantized model that has no quantizer for its input."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.multithreshold import MultiThreshold
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.lower.lower import lower
from sangi.compiler.passes.byte_grid import ByteGrid
from sangi.compiler.passes.normalize_input import NormalizeInput
from sangi.compiler.passes.pipeline import run_passes
from sangi.compiler.passes.quantizers import is_quantized, open_inputs
from sangi.runtime.host import execute

from .graphs import chain, conv, dense, grid, kinds

PIXELS = np.arange(256, dtype=np.uint8).reshape(-1, 2)


def integer_dense() -> Dense:
    return Dense(np.array([[1, -2], [3, 1]]), (Fraction(1),))


def normalized(graph: Graph, mean: tuple[float, ...], std: tuple[float, ...]) -> Graph:
    return run_passes(graph, [NormalizeInput(mean, std), ByteGrid()])


@pytest.mark.parametrize(
    ("mean", "std"), [((128.0,), (32.0,)), ((0.0,), (255.0,)), ((3.7, 100.25), (0.3, 58.4))]
)
def test_bytes_pass_through_exactly(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    graph = normalized(chain((2,), integer_dense(), grid("1/8"), integer_dense()), mean, std)
    assert kinds(graph)[:4] == ["Input", "Affine", "Quantize", "Dense"]
    program = lower(graph)
    assert program.inputs[0].kind == "bytes"
    # The first op of the circuit is the layer: its input is the bytes themselves.
    assert type(program.nodes[0].op).__name__ == "Dense"
    means, stds = (
        [Fraction(str(values[i % len(values)])) for i in range(2)] for values in (mean, std)
    )
    for pixels, got in zip(PIXELS, execute(program, PIXELS)["y"], strict=True):
        x = [(int(b) - m) / s for b, m, s in zip(pixels, means, stds, strict=True)]
        hidden = [x[0] - 2 * x[1], 3 * x[0] + x[1]]
        codes = [min(max(round(8 * h), 0), 255) for h in hidden]
        assert got.tolist() == [codes[0] / 8 - codes[1] / 4, codes[0] * 3 / 8 + codes[1] / 8]


def test_an_input_with_a_quantizer_keeps_it() -> None:
    graph = normalized(chain((2,), grid("1/8"), integer_dense()), (0.0,), (255.0,))
    assert kinds(graph) == ["Input", "Affine", "Quantize", "Dense"]
    assert isinstance(op := graph.op(graph.order()[2]), Quantize) and op.scale == (Fraction(1, 8),)


def test_a_float_graph_is_left_to_calibration() -> None:
    graph = normalized(chain((2,), dense(2, 2)), (0.0,), (255.0,))
    assert kinds(graph) == ["Input", "Affine", "Dense"]


@pytest.mark.parametrize(
    ("graph", "opened"),
    [
        (chain((4, 4, 3), conv(2, 3), grid()), True),
        (chain((4, 4, 3), Reshape((48,)), Relu(), dense(2, 48), grid()), True),
        (chain((4, 4, 3), MultiThreshold(((Fraction(1),),))), True),
        (chain((4, 4, 3), Relu(), grid(), conv(2, 3)), False),
        (chain((4, 4, 3), Relu()), False),
    ],
)
def test_inputs_that_lack_a_quantizer(graph: Graph, opened: bool) -> None:
    assert open_inputs(graph) == (("x",) if opened else ())
    assert is_quantized(graph) is any(
        kind in kinds(graph) for kind in ("Quantize", "MultiThreshold")
    )
