"""The names that writers give: unique, whatever the graph's tensors are called."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from sangi.compiler.execute.real.execute import execute_real
from sangi.compiler.execute.runtime import open_session
from sangi.compiler.ir.graph import Graph, GraphBuilder
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.compiler.onnx_io.write.original import write_original
from sangi.compiler.onnx_io.write.qdq import write_model
from sangi.compiler.onnx_io.write.writer import Writer

X = np.arange(12, dtype=np.float32).reshape(4, 3) - 6


def graph_of(*names: str) -> Graph:
    """Affine, Relu, Quantize and Affine again, under these names."""
    builder = GraphBuilder("net")
    x = builder.add("x", Input("x", (3,), "N"))
    grid = Quantize((Fraction(1, 2),), (0,), 0, 15)
    ops = (Affine((Fraction(3, 2),), (Fraction(1),)), Relu(), grid)
    for name, op in zip(names, (*ops, Affine((Fraction(-2),), (Fraction(1, 4),))), strict=True):
        x = builder.add(name, op, [x])
    return builder.build([(x, "y")])


def run(model: onnx.ModelProto) -> np.ndarray:
    onnx.checker.check_model(model, full_check=True)
    found: np.ndarray = open_session(model).run(None, {"x": X})[0]
    return found


@pytest.mark.parametrize("write", [write_model, write_original])
@pytest.mark.parametrize(
    "names",
    [
        ("a", "b", "c", "d"),
        ("d:product", "c:codes", "c", "d"),
        ("a", "a:product", "a:scale", "a:shift"),
        ("c", "c:clipped", "c:clipped_2", "y:product"),
        ("d:product", "d:product_2", "d", "y"),
    ],
)
def test_names_of_parts_are_nobody_else_s(
    write: Callable[[Graph], Any], names: tuple[str, ...]
) -> None:
    graph = graph_of(*names)
    wanted = execute_real(graph, X)[names[-1]]
    np.testing.assert_array_equal(run(write(graph)), wanted)


@pytest.mark.parametrize("write", [write_model, write_original])
def test_files_that_were_read_can_be_written_again_and_again(
    write: Callable[[Graph], Any], tmp_path: Path
) -> None:
    graph = graph_of("a", "b", "c", "d")
    wanted = execute_real(graph, X)["d"]
    for _ in range(3):
        model = write(graph)
        np.testing.assert_array_equal(run(model), wanted)
        onnx.save(model, tmp_path / "net.onnx")
        graph = read_graph(tmp_path / "net.onnx")


def test_a_writer_numbers_what_is_taken() -> None:
    writer = Writer(["a", "a:b", "x"], ["x"])
    assert writer.part("a:b") == "a:b_2"
    assert writer.part("a:b") == "a:b_3"
    assert writer.tensor("a:b") == "a:b"
    assert writer.tensor("a:b") == "a:b_4"
    assert writer.tensor("x") == "x_2"
    assert writer.constant("a", np.zeros(1)) == "a_2"
    assert writer.step("Relu", ["x"], "new") == "new"
