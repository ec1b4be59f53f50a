"""Maxima and sums over values of any factor."""

from fractions import Fraction

import pytest

from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.averagepool import AveragePool
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.maxpool import MaxPool
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.transpose import Transpose

from .nets import Net, kinds, reals

ONE = Fraction(1)
PADDED = (1, 1, 1, 1)
WINDOW = MaxPool((3, 3), (2, 2), PADDED)


def negated(net: Net, factors: tuple[Fraction, ...]) -> None:
    net.bytes()
    net.conv("c", len(factors), padding=PADDED)
    net.add("bn", BatchNorm(factors, reals(net.rng, len(factors), -9, 9)))


@pytest.mark.parametrize("clip", [None, Relu(), Clip(Fraction(-70), Fraction(31, 2))])
@pytest.mark.parametrize(
    "factors", [(-ONE,), (-ONE / 3, -ONE * 2), (ONE, -ONE, ONE * 0), (ONE * 0,), (ONE, ONE / 7)]
)
def test_maxima_of_values_of_any_sign(factors: tuple[Fraction, ...], clip: Relu | None) -> None:
    net = Net(1)
    negated(net, factors)
    if clip is not None:
        net.add("clip", clip)
    net.add("m", WINDOW)
    net.quantize("q", -300, 300)
    program = net.check()
    assert kinds(program).count("MaxPool") == 1
    mirrored = [node for node in program.nodes if node.name == "m_mirror"]
    assert len(mirrored) == any(f < 0 for f in factors)
    for node in mirrored:
        # Mirroring needs no other width.
        assert program.types[node.output] == program.types[node.inputs[0]]


def test_maxima_of_codes_per_channel_on_a_mirrored_grid() -> None:
    net = Net(2)
    net.bytes()
    net.conv("c", 3)
    net.add("q", Quantize(reals(net.rng, 3, 1, 3), (127, 0, -128), -128, 127))
    net.add("minus", Affine((-ONE,), (Fraction(0),)))
    net.add("m", MaxPool((2, 2), (1, 1)))
    net.check()


def test_maxima_of_a_sum() -> None:
    net = Net(3)
    first = net.bytes()
    second = net.add("minus", Affine((-ONE,), (Fraction(0),)))
    net.add("m", WINDOW, first)
    net.add("n", WINDOW, second)
    net.check("m", "n")


def test_pooling_of_a_real_input_is_refused() -> None:
    for op in (WINDOW, AveragePool((2, 2), (1, 1))):
        net = Net(4)
        net.add("p", op)
        assert "must be quantized, not real" in net.refusal()


def test_pooling_across_a_transpose_is_refused() -> None:
    net = Net(5)
    net.bytes()
    net.add("t", Transpose((1, 0, 2)))
    net.add("p", WINDOW)
    assert "must not be transposed" in net.refusal()


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), PADDED])
def test_averages_of_clipped_values_of_any_sign(padding: tuple[int, int, int, int]) -> None:
    net = Net(6)
    net.bytes()
    net.add("minus", Affine((-ONE,), (ONE,)))
    net.add("relu", Clip(Fraction(-100), Fraction(-3)))
    net.add("p", AveragePool((3, 2), (1, 1), padding, count_include_pad=True))
    net.check()


@pytest.mark.parametrize("padding", [PADDED, (1, 0, 0, 1)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
def test_divisors_that_depend_on_the_place(
    padding: tuple[int, int, int, int], stride: tuple[int, int]
) -> None:
    net = Net(7)
    net.bytes()
    net.conv("c", 3, kernel=(1, 1))
    net.add("q", Quantize((ONE * 2, ONE * 3, ONE / 2), (9, -4, 0), -128, 127))
    net.add("p", AveragePool((3, 2), stride, padding))
    net.add("bn", BatchNorm((ONE, ONE * 2, ONE / 3), (ONE, -ONE, ONE * 0)))
    net.add("relu", Relu())
    net.quantize("r", -5, 200)
    net.conv("d", 2, padding=PADDED)
    program = net.check("p", "r", "d")
    assert kinds(program).count("Reshape") == 2
    rounding = next(node for node in program.nodes if node.name == "r")
    assert len(rounding.op.multiplier) == program.types[rounding.output].elements


def test_channels_return_behind_divisors_that_depend_on_the_place() -> None:
    net = Net(11)
    net.bytes()
    net.add("p", AveragePool((3, 2), (1, 1), PADDED))
    net.add("q", Quantize((ONE * 2, ONE * 3), (9, -4), -128, 127))
    net.conv("d", 2, padding=PADDED)
    net.check()
    net = Net(11)
    net.bytes()
    net.add("p", AveragePool((3, 2), (1, 1), PADDED))
    net.add("m", MaxPool((2, 2), (1, 1)))
    assert net.refusal() == (
        "MaxPool 'm': the input must have one scale where it is reshaped, not one per channel; "
        "export with per-tensor activation scales"
    )


def test_divisors_of_an_average_in_its_own_grid_are_exact() -> None:
    # 6 and 4 places make ties: nothing but thresholds holds.
    net = Net(8)
    net.bytes()
    net.add("p", AveragePool((3, 3), (1, 1), PADDED))
    net.add("r", Quantize((ONE,), (-128,), -128, 127))
    assert kinds(net.check())[-1] == "Threshold"


def test_averages_of_too_many_places_are_refused() -> None:
    net = Net(9, (130, 64, 2))
    net.bytes()
    net.add("p", AveragePool((3, 3), (1, 1), PADDED))
    assert net.refusal() == (
        "AveragePool 'p': count_include_pad must be 1 where the input is padded and the result has "
        "more than 16384 elements, not 0; export with count_include_pad=1, or without padding"
    )


def test_windows_outside_of_the_frame_have_no_average() -> None:
    net = Net(10)
    net.bytes()
    net.add("p", AveragePool((2, 2), (1, 1), (2, 0, 0, 0)))
    assert net.refusal() == (
        "AveragePool 'p': padding must be smaller than the kernel (2, 2), not (2, 0, 0, 0)"
    )
