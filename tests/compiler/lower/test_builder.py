"""Names, types and errors of a program in the making."""

import numpy as np
import pytest

from sangi.compiler.lower.builder import Builder
from sangi.runtime.errors import UnsupportedError
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.ops.sumpool import SumPool

ONE = np.ones(1, dtype=np.int64)


def test_names_are_made_unique() -> None:
    builder = Builder()
    x = builder.source("x", TensorType((3,), 0, 9))
    for _ in range(2):
        builder.emit("node", Requantize(ONE, ONE, 0, 0, 9), (x,), "x")
    assert [(node.name, node.output) for node in builder.nodes] == [
        ("node", "x_2"),
        ("node_2", "x_3"),
    ]


def test_errors_name_the_node() -> None:
    builder = Builder()
    x = builder.source("x", TensorType((3,), 0, 9))
    with pytest.raises(UnsupportedError, match=r"SumPool 'p': the input of a window must be"):
        builder.emit("p", SumPool((2, 2), (1, 1)), (x,), "p")


def test_results_of_many_bits_are_refused() -> None:
    builder = Builder()
    x = builder.source("x", TensorType((4, 4, 1), 0, 2**61 - 1))
    with pytest.raises(UnsupportedError, match="results must be of at most 62 bits, not 63"):
        builder.emit("p", SumPool((2, 2), (1, 1)), (x,), "p")
    assert builder.nodes == []
