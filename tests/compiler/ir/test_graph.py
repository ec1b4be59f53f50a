"""The graph: order, shapes, edges and messages."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.graph import GraphBuilder
from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.base import Op
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.dense import Dense
from sangi.compiler.ir.ops.input import Input
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.tail import ArgMax
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.onnx_io.read.exact import square_root
from sangi.runtime.errors import ModelError


def test_a_node_may_read_a_tensor_twice() -> None:
    builder = GraphBuilder("twice")
    x = builder.add("x", Input("x", (2, 3, 4), "NHWC"), tensor="image")
    r = builder.add("r", Relu(), [x])
    s = builder.add("s", Add(), [r, r])
    graph = builder.build([(s, "y")])
    assert graph.inputs("s") == ("r", "r")
    assert graph.consumers("r") == (("s", 0), ("s", 1))
    assert graph.tensor("x") == "image"
    assert graph.shape("s") == (2, 3, 4)


def test_the_order_is_the_files_order() -> None:
    builder = GraphBuilder("order")
    x = builder.add("x", Input("x", (4,), "N"))
    names = [builder.add(name, Relu(), [x]) for name in ("z", "a", "m")]
    graph = builder.build([(name, name) for name in names])
    assert graph.order() == ("x", "z", "a", "m")
    assert builder.unique("z") == "z_2"


@pytest.mark.parametrize(
    ("op", "said"),
    [
        (Conv(np.zeros((2, 3, 3, 5))), "input must have 5 channels, not 3"),
        (Conv(np.zeros((2, 9, 3, 3))), "padded input must have at least 9 rows, not 8"),
        (Conv(np.zeros((2, 3, 3))), "weight must have 4 axes, not 3"),
        (Conv(np.zeros((2, 3, 3, 3)), (Fraction(1),)), "weight must have dtype int64, not float64"),
        (
            Conv(np.zeros((2, 3, 3, 3)), bias=(Fraction(1),)),
            "bias must have 2 entries, not 1",
        ),
        (Conv(np.zeros((3, 3, 3, 1)), groups=2), "groups must divide the 3 filters, not be 2"),
        (
            Dense(np.zeros((2, 4), np.int64), (Fraction(-1),)),
            "weight_scale must be positive, not -1",
        ),
        (Dense(np.zeros((2, 4))), "input must have shape (4,), not (8, 8, 3)"),
        (MaxPool((2, 2), (0, 1)), "stride must be at least 1, not 0"),
        (
            Quantize((Fraction(1),) * 2, (0, 0), 0, 255),
            "scale must have 1 or 3 entries, not 2",
        ),
        (Quantize((Fraction(1),), (0,), 3, 2), "low must be at most high (2), not 3"),
        (Reshape((5,)), "shape must have 192 elements as (8, 8, 3) has, not (5,)"),
        (Transpose((0, 0, 1)), "perm must hold every axis once, not (0, 0, 1)"),
        (Transpose((1, 0)), "input must have 2 axes, not 3"),
        (ArgMax(3), "axis must be 0…2, not 3"),
    ],
)
def test_ops_that_do_not_fit(op: Op, said: str) -> None:
    builder = GraphBuilder("wrong")
    x = builder.add("x", Input("x", (8, 8, 3), "NHWC"))
    with pytest.raises(ModelError) as caught:
        builder.add("node", op, [x])
    assert str(caught.value) == f"{type(op).__name__} 'node': {said}"


def test_new_ops_leave_the_old_graph_as_it_is() -> None:
    builder = GraphBuilder("edit")
    x = builder.add("x", Input("x", (4, 4, 1), "NHWC"))
    graph = builder.build([(builder.add("r", Reshape((16,)), [x]), "y")])
    edited = graph.with_ops({"r": Reshape((2, 8))})
    assert (graph.shape("r"), edited.shape("r")) == ((16,), (2, 8))
    with pytest.raises(ModelError, match=r"^Reshape 'r': shape must have 16 elements"):
        graph.with_ops({"r": Reshape((2, 9))}).verify()


@pytest.mark.parametrize("value", [Fraction(2), Fraction(1, 3), Fraction(10) ** -30, Fraction(9)])
def test_square_roots_are_certified(value: Fraction) -> None:
    root = square_root(value)
    assert abs(root * root / value - 1) < Fraction(1, 2**94)
