"""Codes that an op adds up: scales, zero points and bounds per channel, real 0 between codes."""

from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.requantize import Requantize
from sangi.runtime.program import Program

from .nets import Net, kinds

ONE = Fraction(1)
PADDED = (1, 1, 1, 1)


def codes(net: Net, scales: tuple[int, ...], zeros: tuple[int, ...], unit: Fraction = ONE) -> str:
    """8-bit codes with multiples of one unit as scales, of a layer with as many filters."""
    if len(net.builder.shape("x")) == 1:
        net.add("q0", Quantize((ONE,), (0,), 0, 255))
        net.dense("c0", len(scales))
    else:
        net.bytes()
        net.conv("c0", len(scales), kernel=(1, 1))
    return net.add("q", Quantize(tuple(unit * s for s in scales), zeros, -128, 127))


def conv_of(program: Program, name: str) -> tuple[Conv, TensorType]:
    node = next(node for node in program.nodes if node.name == name)
    assert isinstance(node.op, Conv)
    return node.op, program.types[node.inputs[0]]


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), PADDED])
def test_multiples_of_one_unit_move_into_the_weights(padding: tuple[int, int, int, int]) -> None:
    net = Net(1)
    codes(net, (3, 4, 10), (0, 0, 0), Fraction(float.fromhex("0x1.a5p-2")))
    net.conv("c", 2, padding=padding)
    program = net.check()
    assert kinds(program)[-2:] == ["Requantize", "Conv"]
    assert conv_of(program, "c")[0].weights.max() > 127


@pytest.mark.parametrize("zeros", [(3, -5, 0), (127, -128, 0)])
def test_zero_points_per_channel(zeros: tuple[int, ...]) -> None:
    net = Net(2)
    top = codes(net, (2, 3, 2), zeros)
    net.conv("c", 2)
    plain = net.last
    net.conv("d", 2, top, padding=PADDED)
    program = net.check(plain, net.last)
    # Only the padded one needs one code for real 0.
    assert kinds(program).count("Requantize") == 3
    assert conv_of(program, "c")[1].bits == 8
    assert conv_of(program, "d")[1].bits > 8
    assert conv_of(program, "d")[0].pad_value == 0


def test_large_multiples_widen_the_codes_where_weights_have_no_room() -> None:
    net = Net(3)
    codes(net, (255, 256, 1), (0, 1, 2))
    net.conv("c", 2, low=-1)
    assert conv_of(net.check(), "c")[0].weights.max() == 256
    net = Net(3)
    codes(net, (255, 256, 1), (0, 1, 2))
    net.conv("c", 2, low=-128)
    conv, source = conv_of(net.check(), "c")
    assert np.abs(conv.weights).max() == 128
    assert source.bits == 16


def test_scales_without_a_common_unit_are_refused() -> None:
    net = Net(4)
    codes(net, (8388609, 12345677, 9876543), (0, 0, 0), Fraction(1, 2**23))
    net.conv("c", 2)
    assert net.refusal() == (
        "Conv 'c': the input must have one scale for all channels, not one per channel; export "
        "with per-tensor activation scales"
    )


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), PADDED])
@pytest.mark.parametrize("depth", [1, 2])
def test_groups_need_no_common_unit(padding: tuple[int, int, int, int], depth: int) -> None:
    net = Net(5)
    scales = (8388609, 12345677, 9876543, 8388611)
    if depth == 2:
        scales = (8388609, 2 * 8388609, 9876543, 3 * 9876543)
    codes(net, scales, (1, 0, -7, 127), Fraction(1, 2**23))
    net.conv("c", 4, groups=4 // depth, padding=padding)
    program = net.check()
    assert kinds(program).count("Conv") == 2
    if depth == 1 and not any(padding):
        assert kinds(program)[-2:] == ["Requantize", "Conv"]


def test_features_of_an_image_keep_their_channels_scales() -> None:
    net = Net(6)
    codes(net, (1, 2, 5), (4, 0, -4))
    net.add("flat", Reshape((5 * 4 * 3,)))
    net.dense("d", 4)
    assert kinds(net.check())[-2:] == ["Reshape", "Dense"]


def test_features_per_channel() -> None:
    net = Net(7, (6,), "N")
    codes(net, (1, 2, 5, 7), (4, 0, -4, 127))
    net.dense("d", 3)
    assert kinds(net.check()) == ["Dense", "Requantize", "Dense"]


@pytest.mark.parametrize("kind", ["conv", "average"])
def test_bipolar_codes_are_padded_with_real_zero(kind: str) -> None:
    net = Net(8)
    net.bytes()
    net.conv("c", 2, kernel=(1, 1))
    net.add("bn", BatchNorm((ONE, -ONE), (Fraction(30), Fraction(-20))))
    net.add(
        "sign",
        Quantize((Fraction(3, 2),), (Fraction(1, 2),), 0, 1, Rounding.HALF_UP, zero_first=True),
    )
    if kind == "conv":
        net.conv("d", 2, low=-1, padding=PADDED)
    else:
        net.add("p", AveragePool((2, 2), (1, 1), PADDED, count_include_pad=True))
    program = net.check()
    widened = program.nodes[-2].op
    assert isinstance(widened, Requantize)
    assert (widened.multiplier.tolist(), widened.offset.tolist()) == ([2], [-1])
    assert (widened.low, widened.high) == (-1, 1)


def test_bipolar_codes_stay_as_they_are_where_nothing_is_padded() -> None:
    net = Net(9)
    net.bytes()
    net.conv("c", 2, kernel=(1, 1))
    net.add("sign", Quantize((ONE,), (Fraction(1, 2),), 0, 1, Rounding.HALF_UP, zero_first=True))
    net.conv("d", 2, low=-1)
    program = net.check()
    assert conv_of(program, "d")[1] == TensorType((5, 4, 2), 0, 1)


@pytest.mark.parametrize("zero", [Fraction(5, 4), Fraction(-7, 3)])
def test_zero_points_between_codes(zero: Fraction) -> None:
    net = Net(10)
    net.bytes()
    net.conv("c", 2, kernel=(1, 1))
    net.add("q", Quantize((Fraction(7),), (zero,), -8, 7, zero_first=True))
    net.conv("d", 2, padding=PADDED)
    program = net.check()
    assert program.nodes[-2].op.multiplier.tolist() == [zero.denominator]


def test_zero_outside_the_codes_widens_the_stream() -> None:
    net = Net(11)
    net.bytes()
    net.conv("c", 2, kernel=(1, 1))
    # Codes 0 … 15 stand for 20 … 35: the code of real 0 is -20.
    net.add("q", Quantize((ONE,), (-20,), 0, 15))
    net.conv("d", 2, padding=PADDED)
    program = net.check()
    conv, source = conv_of(program, "d")
    assert conv.pad_value == -20
    assert (source.low, source.high) == (-20, 15)


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), PADDED])
def test_clips_on_the_grid(padding: tuple[int, int, int, int]) -> None:
    net = Net(12)
    codes(net, (5,), (3,))
    net.add("clip", Clip(Fraction(-10), Fraction(100)))
    net.conv("d", 2, padding=padding)
    program = net.check()
    assert isinstance(program.nodes[-2].op, Requantize)
    assert (program.nodes[-2].op.low, program.nodes[-2].op.high) == (1, 23)


def test_a_clip_that_leaves_no_zero_widens_the_stream() -> None:
    net = Net(13)
    codes(net, (5,), (0,))
    net.add("clip", Clip(Fraction(10), Fraction(100)))
    net.conv("d", 2, padding=PADDED)
    net.check()


def test_a_clip_between_codes_makes_the_grid_finer() -> None:
    net = Net(14)
    codes(net, (4,), (3,))
    net.add("clip", Clip(Fraction(-10), Fraction(31, 2)))
    net.conv("d", 2)
    assert net.check().nodes[-2].op.multiplier.tolist() == [8]


def test_a_clip_on_no_grid_is_refused() -> None:
    net = Net(15)
    codes(net, (1,), (3,), Fraction(8388609, 2**25))
    net.add("relu6", Clip(Fraction(0), Fraction(6)))
    net.conv("d", 2)
    assert net.refusal() == (
        "Conv 'd': the input must lie on one grid of codes with its bounds and real 0, not "
        "between two codes; put a quantizer behind Clip 'relu6'"
    )


@pytest.mark.parametrize("kind", ["conv", "depthwise", "dense", "average"])
def test_clips_of_either_side_per_channel(kind: str) -> None:
    net = Net(16)
    codes(net, (2, 2, 4, 1), (0, 7, -3, 9))
    net.add("relu", Relu())
    net.add("bn", BatchNorm((ONE, -ONE, ONE * 0, ONE), (ONE * 0, ONE, ONE, -ONE)))
    if kind == "dense":
        net.add("flat", Reshape((5 * 4 * 4,)))
        net.dense("d", 3)
    elif kind == "average":
        net.add("p", AveragePool((2, 2), (1, 1), PADDED, count_include_pad=True))
    else:
        net.conv("d", 4, padding=PADDED, groups=4 if kind == "depthwise" else 1)
    assert "Threshold" in kinds(net.check())


def test_averages_need_no_common_scale() -> None:
    net = Net(17)
    codes(net, (8388609, 12345677), (1, 0), Fraction(1, 2**23))
    net.add("p", AveragePool((2, 2), (1, 1)))
    assert kinds(net.check())[-1] == "SumPool"
    net.add("r", Affine((Fraction(-1, 3), ONE), (ONE, ONE)))
    net.quantize("s", -20, 200)
    net.check()
    net = Net(17)
    codes(net, (8388609, 12345677), (1, 0), Fraction(1, 2**23))
    net.add("p", AveragePool((2, 2), (1, 1), PADDED, count_include_pad=True))
    assert kinds(net.check())[-2:] == ["Requantize", "SumPool"]


def test_channels_without_a_scale() -> None:
    net = Net(18)
    codes(net, (2, 2), (0, 1))
    net.add("bn", BatchNorm((ONE * 0, ONE), (ONE * 5, ONE)))
    first = net.conv("d", 2, "bn", padding=PADDED)
    second = net.conv("e", 2, "bn")
    net.check(first, second)
    net = Net(18)
    codes(net, (2, 2), (0, 1))
    net.add("bn", BatchNorm((ONE * 0, ONE * 0), (ONE * 5, ONE)))
    first = net.conv("d", 2, "bn", padding=PADDED)
    second = net.conv("e", 2, "bn")
    net.check(first, second)


def test_two_readers_share_one_grid() -> None:
    net = Net(19)
    top = codes(net, (2, 3), (1, -4))
    first = net.conv("d", 2, top, padding=PADDED)
    second = net.conv("e", 2, top, padding=PADDED)
    third = net.add("p", AveragePool((2, 2), (1, 1), PADDED, count_include_pad=True), top)
    program = net.check(first, second, third)
    # Sums over places need no common unit: theirs is another grid.
    assert [n.name for n in program.nodes if n.name.endswith("_grid")] == ["d_grid", "p_grid"]
