"""Inputs between the file and the first quantizer."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from sangi.compiler.ir.ops.affine import Affine
from sangi.compiler.ir.ops.batchnorm import BatchNorm
from sangi.compiler.ir.ops.clip import Clip
from sangi.compiler.ir.ops.quantize import Quantize
from sangi.compiler.ir.ops.relu import Relu
from sangi.compiler.ir.ops.reshape import Reshape
from sangi.compiler.ir.ops.transpose import Transpose
from sangi.runtime.numerics import Rounding

from .nets import Net, kinds

ONE = Fraction(1)
FINE = Quantize((Fraction(1, 64),), (0,), -128, 127)


def halves(net: Net) -> Net:
    """Real frames on and between the codes of ``FINE``."""
    net.frames = ((net.frames.astype(np.float32) - 128) / 128).astype(np.float32)
    return net


@pytest.mark.parametrize("kind", ["codes", "bytes"])
@pytest.mark.parametrize("clip", [Relu(), Clip(Fraction(-1, 4), Fraction(1, 3))])
def test_clips_in_front_of_the_first_quantizer(clip: Any, kind: Any) -> None:
    net = Net(1)
    net.add("affine", Affine((ONE / 128,), (-ONE,)))
    net.add("clip", clip)
    net.add("q", FINE)
    net.check(input_kind=kind)


@pytest.mark.parametrize("mode", Rounding)
@pytest.mark.parametrize("zero", [0, Fraction(1, 2), Fraction(-3)])
def test_the_host_rounds_in_every_mode(mode: Rounding, zero: Fraction) -> None:
    net = halves(Net(2))
    net.add("q", Quantize((Fraction(1, 32),), (zero,), -20, 20, mode, zero_first=True))
    program = net.check()
    assert program.inputs[0].kind == "codes"


def test_the_host_clips_every_channel_as_it_must() -> None:
    net = halves(Net(3, (2, 2, 3)))
    net.add("relu", Relu())
    net.add("bn", BatchNorm((ONE, -ONE, ONE * 0), (ONE, ONE, ONE)))
    net.add("q", Quantize((Fraction(1, 64),), (0,), -128, 127))
    net.check(input_kind="codes")


def test_equal_quantizers_of_one_input_are_one_input() -> None:
    net = halves(Net(4))
    first = net.add("q", FINE)
    second = net.add("r", FINE, "x")
    net.conv("c", 2, first)
    net.conv("d", 2, second)
    program = net.check("c", "d")
    assert len(program.inputs) == 1
    net.add("s", Quantize((Fraction(1, 32),), (0,), -128, 127), "x")
    assert "Input 'x' must have one quantizer, not several" in net.refusal()


def test_bytes_may_have_several_quantizers() -> None:
    net = Net(5)
    net.bytes()
    net.add("r", Quantize((Fraction(3, 2),), (-9,), -128, 127), "x")
    net.add("s", Quantize((Fraction(1, 4),), (-128,), -128, 127), "x")
    program = net.check("q0", "r", "s")
    assert program.inputs[0].kind == "bytes"
    assert kinds(program) == ["Requantize", "Lookup", "Lookup"]


def test_channels_of_an_input_that_is_moved() -> None:
    net = halves(Net(6, (2, 3, 4)))
    net.add("t", Transpose((1, 0, 2)))
    net.add("bn", BatchNorm((ONE, -ONE, ONE * 2, ONE / 2), (ONE, ONE, -ONE, ONE * 0)))
    net.add("q", Quantize(tuple(Fraction(k, 64) for k in (1, 2, 3, 4)), (0, 1, 2, 3), -128, 127))
    program = net.check(input_kind="codes")
    assert program.types[program.inputs[0].tensor].shape == (2, 3, 4)


def test_channels_of_an_input_that_is_torn_apart_are_refused() -> None:
    net = Net(7, (2, 3, 4))
    net.add("f", Reshape((24,)))
    net.add("bn", BatchNorm((ONE,) * 23 + (-ONE,), (ONE,) * 24))
    assert "must be quantized before it is transposed or reshaped" in net.refusal()
