"""A model as it is read, against ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sangi.compiler.execute.run import run_graph
from sangi.compiler.ir.graph import Graph
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.onnx_io.read.read import read_graph
from sangi.compiler.passes.pipeline import LAYOUT_PASSES, run_passes
from sangi.runtime.errors import UnsupportedError

from .onnx_models import onnx_runtime


def kinds(graph: Graph) -> list[str]:
    """The op types of a graph, in order."""
    return [type(graph.op(name)).__name__ for name in graph.order()]


def same_outputs(path: Path, x: np.ndarray) -> Graph:
    """Check outputs and shapes, as read and after the layout passes; return the latter graph."""
    expected = onnx_runtime(path, x)
    read = read_graph(path)
    arranged = run_passes(read, LAYOUT_PASSES)
    for graph in (read, arranged):
        entry = next(op for op in map(graph.op, graph.order()) if isinstance(op, Input))
        given = x.transpose(0, 2, 3, 1) if entry.layout == "NCHW" else x
        values = run_graph(graph, given.reshape(len(x), *graph.shape(graph.order()[0])))
        for (node, name), want in zip(graph.outputs, expected, strict=True):
            assert values[node].shape == want.shape, name
            np.testing.assert_allclose(values[node], want, rtol=1e-5, atol=1e-5, err_msg=name)
    return arranged


def refused(path: Path) -> list[str]:
    """The lines of a refusal that name nodes."""
    with pytest.raises(UnsupportedError) as caught:
        read_graph(path)
    lines = str(caught.value).splitlines()[1:]
    return [line.strip() for line in lines if not line.startswith("  supported op types")]
