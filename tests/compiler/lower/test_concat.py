"""Joined tensors of anything: grids of their own, accumulators, clips; layers behind them."""

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.concat import Concat
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.lower.lower import lower_graph
from sangi.compiler.passes.before_concat import BeforeConcat

from .nets import Net, assert_exact, kinds, reals

PADDED = (1, 1, 1, 1)
GRID = Quantize((Fraction(3, 2),), (7,), 0, 255)


def test_one_grid_costs_nothing() -> None:
    """A dense block: what a layer makes is joined with what it got; no rounding on the way."""
    net = Net(1)
    net.bytes()
    first = net.add("q", GRID)
    net.conv("c", 3, padding=PADDED)
    second = net.add("r", GRID)
    joined = net.add("j", Concat(2), second, first)
    net.conv("d", 2, padding=PADDED)
    third = net.add("s", GRID)
    net.add("k", Concat(2), third, joined)
    net.add("m", MaxPool((2, 2), (2, 2)))
    net.conv("e", 4, padding=PADDED)
    program = net.check("e", "k")
    assert kinds(program)[2:] == [
        *("Conv", "Requantize", "Concat", "Conv", "Requantize", "Concat", "MaxPool", "Conv")
    ]


def test_a_quantizer_rounds_every_channel_from_its_own_grid() -> None:
    """Codes, accumulators with a Relu pending, and a BatchNorm between."""
    net = Net(2)
    first = net.bytes()
    net.conv("c", 3, padding=PADDED)
    second = net.add("relu", Relu())
    third = net.quantize("q", -300, 500, "c")
    net.add("j", Concat(2), first, second, third)
    net.add("bn", BatchNorm(reals(net.rng, 8, -2, 2), reals(net.rng, 8, -9, 9)))
    last = net.quantize("r", -300, 300)
    net.check("j", last)


def test_a_quantizer_in_front_is_the_same() -> None:
    """What the pass before-concat makes: narrow codes are joined, not accumulators."""
    net = Net(3)
    first = net.bytes()
    net.conv("c", 3, padding=PADDED)
    net.add("j", Concat(2), "c", first)
    net.add("bn", BatchNorm(reals(net.rng, 5, -2, 2), reals(net.rng, 5, -9, 9)))
    net.add("relu", Relu())
    net.quantize("r", -30, 300)
    net.conv("d", 2)
    behind = net.check("d")
    graph = BeforeConcat()(net.graph("d"))
    before = assert_exact(graph, lower_graph(graph), net.frames)
    assert kinds(behind)[2:] == ["Concat", "Requantize", "Conv"]
    assert kinds(before)[2:] == ["Requantize", "Requantize", "Concat", "Conv"]
    wide, narrow = (
        next(program.types[node.output].bits for node in program.nodes if node.name == "j")
        for program in (behind, before)
    )
    assert wide > 16 and narrow == 8
    assert (behind.run(net.frames)["d"] == before.run(net.frames)["d"]).all()


def test_scales_that_differ_are_refused_in_front_of_a_layer() -> None:
    net = Net(4)
    first = net.bytes()
    net.conv("c", 3, padding=PADDED)
    net.add("j", Concat(2), net.quantize("q", -300, 500), first)
    net.conv("d", 2)
    assert net.refusal("d") == (
        "Conv 'd': the inputs of Concat 'j' must have one scale, not several; put a quantizer "
        "behind it, or the same one behind each of its inputs"
    )


@pytest.mark.parametrize("axis", [0, 1])
def test_rows_and_columns(axis: int) -> None:
    net = Net(5)
    net.bytes()
    first = net.add("q", GRID)
    net.add("m", MaxPool((2, 1), (2, 1)) if axis == 0 else MaxPool((1, 2), (1, 2)), first)
    net.add("j", Concat(axis), first, "m")
    net.conv("c", 2, padding=PADDED)
    net.check("c", "j")


def test_rows_of_two_grids_are_refused() -> None:
    net = Net(6)
    first = net.bytes()
    net.add("j", Concat(0), first, net.add("q", GRID))
    assert net.refusal("j") == (
        "Concat 'j': inputs must have one scale and zero point where rows or columns are joined, "
        "not several; put one quantizer behind Concat"
    )


def test_what_is_transposed_is_refused() -> None:
    net = Net(7)
    first = net.bytes()
    net.add("t", Transpose((1, 0, 2)), first)
    net.add("u", Concat(2), "t", "t")
    assert net.refusal("u") == (
        "Concat 'u': the input must not be transposed; export the model without this Transpose"
    )


def test_weights_of_a_wide_layer_take_multiples_of_one_scale() -> None:
    """Scales 1/2 and 1: the weights of the coarser channels are doubled, nothing is rounded."""
    net = Net(8)
    net.bytes()
    first = net.add("a", Quantize((Fraction(1),), (3,), 0, 255))
    second = net.add("b", Quantize((Fraction(1, 2),), (3,), 0, 255), "a")
    net.add("j", Concat(2), second, first)
    weight = np.array(net.rng.integers(-3, 4, (2, 1, 1, 4)))
    net.add("c", Conv(weight, (Fraction(1, 8),)))
    net.check("c")
