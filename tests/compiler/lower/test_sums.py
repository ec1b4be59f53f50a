"""Additions of anything: itself, differences, channels of different scales, wide codes."""

import re
from fractions import Fraction

import numpy as np
import pytest

from sangi.compiler.ir.ops.add import Add
from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.conv import Conv
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.compiler.lower.wide import costly_sums
from sangi.runtime.numerics import Rounding

from .nets import Net, kinds, real, reals

ONE = Fraction(1)
PADDED = (1, 1, 1, 1)


def two(net: Net) -> tuple[str, str]:
    """Two quantized tensors of one shape and different grids."""
    first = net.bytes()
    net.conv("c", 2, padding=PADDED)
    return first, net.quantize("q", -500, 300)


@pytest.mark.parametrize("mode", Rounding)
def test_every_rounding(mode: Rounding) -> None:
    net = Net(1)
    first, second = two(net)
    net.add("a", Add(), first, second)
    net.add("r", Quantize((Fraction(3, 2),), (5,), -128, 127, mode))
    half = net.add("s", Quantize((ONE * 4,), (ONE / 2,), -128, 127, mode, zero_first=True), "a")
    net.check("r", half)


def test_a_tensor_and_itself_through_different_quantizers() -> None:
    net = Net(2)
    net.bytes()
    conv = net.conv("c", 2)
    first = net.quantize("q", -500, 300, conv)
    second = net.quantize("r", -100, 800, conv)
    third = net.quantize("s", -50, 800, first)
    left = net.add("a", Add(), first, second)
    net.quantize("left", -500, 600, left)
    net.add("b", Add(), first, third)
    net.quantize("right", -500, 600)
    program = net.check("left", "right")
    assert kinds(program).count("Conv") == 1


def test_a_tensor_and_itself() -> None:
    net = Net(3)
    net.bytes()
    net.add("a", Add(), "q0", "q0")
    net.quantize("q", -10, 600)
    net.add("b", Add(), "q", "q")
    net.add("d", Add(), "b", "b")
    net.check("a", "d")


def test_a_tensor_minus_itself() -> None:
    net = Net(3)
    net.bytes()
    net.add("minus", Affine((-ONE,), (ONE * 0,)))
    net.add("a", Add(), "q0", "minus")
    net.quantize("q", -10, 10)
    net.check()


@pytest.mark.parametrize("sign", [-1, 1])
def test_differences(sign: int) -> None:
    net = Net(4)
    first, second = two(net)
    minus = net.add("minus", Affine((Fraction(-1),), (Fraction(0),)), second)
    net.add("a", Add(), *(first, minus)[::sign])
    net.quantize("r", -500, 700)
    program = net.check()
    assert kinds(program)[-1] == "Add"


def test_identical_twins() -> None:
    net = Net(5)
    net.bytes()
    net.conv("c", 3)
    twin = net.builder.op("c")
    first = net.add("c2", twin, "q0")
    net.quantize("q", -500, 500, "c")
    net.add("q2", net.builder.op("q"), first)
    net.add("a", Add(), "q", "q2")
    net.quantize("r", -900, 900)
    program = net.check()
    assert kinds(program).count("Conv") == 2
    assert len({node.name for node in program.nodes}) == len(program.nodes)


def test_bn_and_relu_between_a_sum_and_its_quantizer() -> None:
    net = Net(6)
    first, second = two(net)
    net.add("a", Add(), first, second)
    net.add("bn", BatchNorm((ONE / 3, ONE * 2), (ONE, -ONE / 7)))
    net.add("relu", Relu())
    net.quantize("r", 0, 500)
    program = net.check()
    # One Add with a row of multipliers per channel: no wide sum.
    assert kinds(program)[-1] == "Add"
    net.add("negative", BatchNorm((-ONE, ONE), (ONE, ONE)), "relu")
    net.quantize("s", -100, 100)
    assert kinds(net.check())[-2:] == ["Add", "Threshold"]


def test_codes_of_different_scales_per_channel() -> None:
    net = Net(7)
    net.bytes()
    net.conv("c", 2, padding=PADDED)
    net.add("q", Quantize(reals(net.rng, 2, 1, 4), (5, -9), -128, 127))
    net.add("a", Add(), "q0", "q")
    net.add("r", Quantize(reals(net.rng, 2, 2, 5), (0, 3), -128, 127))
    assert kinds(net.check())[-1] == "Add"


def test_wide_sums_per_channel_are_outputs_and_emitted_once() -> None:
    net = Net(8)
    net.bytes()
    net.conv("c", 2, padding=PADDED)
    net.add("q", Quantize((ONE * 3, ONE * 5), (5, -9), -128, 127))
    total = net.add("a", Add(), "q0", "q")
    net.add("pool", MaxPool((2, 2), (1, 1)), total)
    net.add("q3", Quantize((ONE * 9,), (1,), -128, 127), total)
    program = net.check(total, "pool", "q3")
    assert [node.name for node in program.nodes].count("a") == 1
    assert kinds(program).count("Add") == 2


def test_sums_of_clipped_sums() -> None:
    net = Net(9)
    net.bytes()
    weight = net.rng.integers(-9, 9, (3, 2, 1, 1, 2))
    scales = (ONE / 64, ONE / 128, ONE / 32)
    convs = [
        net.add(f"c{i}", Conv(w, (s,), None), "q0")
        for i, (w, s) in enumerate(zip(weight, scales, strict=True))
    ]
    net.add("a", Add(), *convs[:2])
    net.add("relu", Relu())
    net.add("b", Add(), "relu", convs[2])
    net.add("relu2", Clip(-ONE, ONE * 9))
    net.add("d", Add(), "relu2", "relu")
    net.quantize("q", -5, 40)
    net.check("q", "d")


def test_a_clip_between_codes_in_front_of_a_sum_is_refused() -> None:
    net = Net(10)
    first, second = two(net)
    net.add("relu6", Clip(Fraction(0), real(net.rng, 5, 6)), second)
    net.add("a", Add(), first, "relu6")
    assert "Add 'a': the input must lie on one grid" in net.refusal()
    assert "put a quantizer behind Clip 'relu6'" in net.refusal()


def sixteen(scale: Fraction, zero: int = 0) -> Quantize:
    return Quantize((scale,), (zero,), -(2**15), 2**15 - 1)


def wide(net: Net, first: Fraction, second: Fraction) -> str:
    """The sum of two tensors of 16-bit codes."""
    net.bytes()
    net.add("q", sixteen(first))
    net.add("affine", Affine((Fraction(-3, 7),), (ONE,)), "q0")
    net.add("r", sixteen(second, -9))
    return net.add("a", Add(), "q", "r")


def test_sums_of_16_bits_stay_exact() -> None:
    net = Net(11)
    total = wide(net, Fraction(1, 100), Fraction(3, 100))
    net.add("s", sixteen(Fraction(7, 100)), total)
    net.quantize("t", -500, 500, total)
    program = net.check(total, "s", "t")
    assert kinds(program).count("Add") == 1


def test_sums_of_16_bits_and_scales_of_full_mantissas() -> None:
    net = Net(12)
    total = wide(net, real(net.rng, 0.01, 0.02), real(net.rng, 0.01, 0.02))
    net.quantize("t", -500, 500, total)
    program = net.check(total, "t")
    assert program.types["a"].bits > 32
    net.add("s", sixteen(real(net.rng, 0.02, 0.03)), total)
    assert "Quantize 's': codes must have at most 1024 steps" in net.refusal()


def test_sums_of_too_many_bits_are_refused() -> None:
    net = Net(13)
    wide(net, Fraction(1, 3**40), Fraction(1, 2**40))
    message = net.refusal()
    assert "Add 'a': the two inputs of Add 'a' must have scales" in message
    assert "quantize them to 8 bits" in message


def test_sums_behind_moves() -> None:
    net = Net(14)
    first, second = two(net)
    flat = [
        net.add(f"f{i}", Reshape((40,)), net.add(f"t{i}", Transpose((2, 0, 1)), source))
        for i, source in enumerate((first, second))
    ]
    net.add("a", Add(), *flat)
    net.quantize("r", -500, 500)
    net.dense("d", 3)
    net.check("r", "d")
    straight = net.add("s", Reshape((40,)), first)
    net.add("b", Add(), straight, flat[1])
    assert "must not be transposed" in net.refusal()


def test_channels_that_cancel() -> None:
    net = Net(15)
    net.bytes()
    net.add("bn", BatchNorm((ONE * 0, ONE), (ONE, ONE)))
    net.add("bn2", BatchNorm((ONE * 0, -ONE), (ONE, ONE)), "q0")
    net.add("a", Add(), "bn", "bn2")
    net.quantize("q", -3, 3)
    program = net.check("a", "q")
    assert np.ptp(program.run(net.frames)["q"]) == 0


@pytest.mark.parametrize("scale", [Fraction(1 << 90), Fraction(3**50, 2**7), Fraction(1, 3**50)])
def test_zeros_of_any_scale(scale: Fraction) -> None:
    net = Net(17)
    net.bytes()
    net.add("zeros", Conv(np.zeros((2, 1, 1, 2), np.int64), (scale, scale / 7), None))
    both = net.add("a", Add(), "zeros", "q0")
    padded = net.conv("c", 2, "zeros", padding=(1, 1, 1, 1))
    net.conv("d", 2, both, padding=(1, 1, 1, 1))
    net.quantize("q", -2000, 2000)
    net.quantize("r", -3, 3, "zeros")
    net.quantize("s", 0, 500, both)
    net.add("twice", Add(), "zeros", "zeros")
    net.quantize("t", -1, 1)
    net.check(both, padded, "q", "r", "s", "twice", "t")


def test_costly_sums_are_named() -> None:
    net = Net(16)
    total = wide(net, real(net.rng, 0.01, 0.02), real(net.rng, 0.01, 0.02))
    (line,) = costly_sums(net.check(total))
    assert re.fullmatch(r"Add 'a' takes 3\d bits to be exact: its inputs are too wide .*", line)
    net = Net(16)
    assert costly_sums(net.check(wide(net, Fraction(1, 100), Fraction(3, 100)))) == []
