"""Codes of constants against fractions, element by element."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sangi.compiler.onnx_io.read.constant_codes import ChannelGrid, quantized_constant
from sangi.compiler.onnx_io.read.values import Constant, QuantizedConstant, exact_array
from sangi.runtime.numerics import Rounding

from ...oracle.numbers import ROUNDINGS

TENTH = float(np.float32(0.1))
SCALES = st.sampled_from([0.25, 1.0, 3.0, TENTH, float(np.float32(1e-30))])
ZEROS = st.sampled_from([Fraction(0), Fraction(3), Fraction(1, 2), Fraction(-3, 4)])
# On ties, on whole numbers, and as near to them as float32 comes.
STEPS = st.integers(-40, 40).map(lambda half: half / 2)
NUDGES = st.sampled_from([-1, 0, 1])


def expected(
    x: np.ndarray, scale: list[Fraction], zero: list[Fraction], rounding: Rounding
) -> list[list[Fraction]]:
    whole, _ = ROUNDINGS[rounding.name]
    return [
        [
            (min(max(whole(Fraction(v) / s + z), -6), 9) - z) * s
            for v, s, z in zip(row, scale, zero, strict=True)
        ]
        for row in x
    ]


@pytest.mark.parametrize("rounding", list(Rounding))
@settings(max_examples=40)
@given(
    steps=st.lists(st.tuples(STEPS, NUDGES), min_size=4, max_size=4),
    scales=st.tuples(SCALES, SCALES),
    zeros=st.tuples(ZEROS, ZEROS),
    per_channel=st.booleans(),
)
@example([(2.5, 0), (-0.0, -1), (0.0, 1), (-20, 0)], (TENTH, 0.25), (Fraction(3),) * 2, True)
def test_every_code_is_the_exact_one(
    rounding: Rounding,
    steps: list[tuple[float, int]],
    scales: tuple[float, float],
    zeros: tuple[Fraction, Fraction],
    per_channel: bool,
) -> None:
    count = 2 if per_channel else 1
    scale, zero = [Fraction(s) for s in scales[:count]], list(zeros[:count])
    full = [(scale * 2)[i] for i in range(2)], [(zero * 2)[i] for i in range(2)]
    x = np.array([step for step, _ in steps]).reshape(2, 2)
    x = (x * np.array([float(s) for s in full[0]])).astype(np.float32)
    nudge = np.array([nudge for _, nudge in steps]).reshape(2, 2)
    beside = np.nextafter(x, np.where(nudge > 0, np.inf, -np.inf).astype(np.float32))
    moved = np.where(nudge == 0, x, beside)
    axis = 1 if per_channel else None
    grid = ChannelGrid(axis, tuple(scale), tuple(zero), (-6,) * count, (9,) * count, rounding)
    wanted = expected(moved.astype(object), *full, rounding)
    found = quantized_constant(Constant(moved), grid)
    assert exact_array(found).tolist() == wanted
    # The same numbers, as codes of a quantizer before this one.
    again = expected(np.array(wanted, object), *full, rounding)
    assert exact_array(quantized_constant(found, grid)).tolist() == again


def test_a_quantized_constant_is_rounded_from_its_exact_value() -> None:
    thirds = QuantizedConstant(np.array([3, 1, -4], np.int64), (Fraction(1, 6),))
    grid = ChannelGrid(None, (Fraction(1, 3),), (Fraction(0),), (-8,), (7,), Rounding.HALF_UP)
    found = quantized_constant(thirds, grid)
    # 3/2 and 1/2 are ties, -2 is whole.
    assert found.codes.tolist() == [2, 1, -2]
    assert found.scale == (Fraction(1, 3),)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0)])
def test_single_numbers_and_empty_arrays(shape: tuple[int, ...]) -> None:
    constant = Constant(np.full(shape, 2.5, np.float32))
    grid = ChannelGrid(None, (Fraction(1),), (Fraction(0),), (-8,), (7,), Rounding.HALF_EVEN)
    found = quantized_constant(constant, grid)
    assert found.codes.shape == shape
    assert (found.codes == 2).all()
