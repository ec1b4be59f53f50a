"""Counted thresholds against the graph executed in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.multithreshold import MultiThreshold
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.transpose import Transpose

from .nets import Net, kinds, real, reals


def thresholds(net: Net, channels: int, steps: int, low: float, high: float) -> MultiThreshold:
    rows = tuple(reals(net.rng, steps, low, high) for _ in range(channels))
    return MultiThreshold(rows, real(net.rng, 0.1, 2), real(net.rng, -3, 3))


@pytest.mark.parametrize("channels", [1, 3])
def test_thresholds_of_accumulators(channels: int) -> None:
    net = Net(0)
    net.bytes()
    net.conv("c", 3, padding=(1, 1, 1, 1))
    net.add("t", thresholds(net, channels, 7, -300, 300))
    net.conv("d", 2)
    program = net.check()
    assert kinds(program)[:3] == ["Requantize", "Conv", "Threshold"]


def test_factors_of_either_sign_and_zero() -> None:
    net = Net(1)
    net.bytes()
    net.conv("c", 4)
    factors = tuple(map(Fraction, (2, -1, 0, Fraction(-1, 3))))
    net.add("bn", BatchNorm(factors, reals(net.rng, 4, -9, 9)))
    net.add("t", thresholds(net, 4, 15, -200, 200))
    net.check()


@pytest.mark.parametrize("clip", [Relu(), Clip(Fraction(-40), Fraction(55, 2))])
def test_clips_are_counted_through(clip: Relu | Clip) -> None:
    net = Net(2)
    net.bytes()
    net.conv("c", 3)
    net.add("r", clip)
    net.add("bn", Affine(tuple(map(Fraction, (1, -2, 0))), reals(net.rng, 3, -9, 9)))
    net.add("t", thresholds(net, 3, 7, -60, 60))
    net.check()


def test_a_sum_of_two_layers() -> None:
    net = Net(3)
    x = net.bytes()
    c, d = net.conv("c", 3, x), net.conv("d", 3, x)
    q, r = net.quantize("q", -400, 400, c), net.quantize("r", -300, 300, d)
    net.add("a", Add(), q, r)
    net.add("t", thresholds(net, 1, 15, -400, 400))
    net.check()


def test_places_that_are_equalled_and_thresholds_that_are_equal() -> None:
    net = Net(4)
    net.bytes()
    rows = ((Fraction(-7), Fraction(3), Fraction(3), Fraction(-128), Fraction(126)),)
    net.add("t", MultiThreshold(rows))
    net.frames = np.arange(160, dtype=np.uint8).reshape(4, 5, 4, 2)
    net.check()


def test_thresholds_that_decide_nothing_are_left_out() -> None:
    net = Net(5)
    net.bytes()
    rows = ((-200, 7, 300), (-199, 7, 1000))
    net.add("t", MultiThreshold(tuple(tuple(map(Fraction, row)) for row in rows)))
    op = net.check().nodes[-1].op
    # Real 7 is the code -121.
    assert op.thresholds.tolist() == [[-121]]
    assert op.values.tolist() == [[1, 2]]


def test_channels_that_a_transpose_moved() -> None:
    net = Net(6)
    net.bytes()
    net.conv("c", 3)
    net.add("t", Transpose((2, 0, 1)))
    net.add("f", Reshape((3 * 3 * 2,)))
    net.add("m", MultiThreshold(tuple((value,) for value in reals(net.rng, 18, -300, 300))))
    assert net.refusal("m") == (
        "MultiThreshold 'm': the input must not be transposed; export the model without this "
        "Transpose"
    )


def test_the_grid_of_counts_goes_on() -> None:
    net = Net(7)
    net.bytes()
    bipolar = MultiThreshold(((Fraction(3),), (Fraction(-5),)), Fraction(2), Fraction(-1))
    net.add("t", bipolar)
    net.add("p", MaxPool((2, 2), (1, 1)))
    net.conv("c", 3, padding=(1, 1, 1, 1))
    net.quantize("q", -300, 300)
    net.check()
