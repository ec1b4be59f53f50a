"""Rounding, and where the steps of rounded functions begin, by the definitions of the modes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.lower.exact import Rounded, divide
from sangi.runtime.numerics import Rounding

from .nets import rounded

modes = st.sampled_from(Rounding)
tied = st.builds(Fraction, st.integers(-40, 40), st.sampled_from([1, 2, 4, 8]))
any_number = st.builds(Fraction, st.integers(-(10**30), 10**30), st.integers(1, 10**28))
small = st.builds(Fraction, st.integers(-60, 60), st.integers(1, 60))
numbers = st.one_of(tied, small, any_number)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        (Rounding.HALF_EVEN, [-2, -2, -2, -1, 0, 0, 0, 1, 2, 2, 2]),
        (Rounding.HALF_UP, [-3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3]),
        (Rounding.HALF_DOWN, [-2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2]),
        (Rounding.UP, [-3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3]),
        (Rounding.DOWN, [-2, -2, -1, -1, 0, 0, 0, 1, 1, 2, 2]),
        (Rounding.CEIL, [-2, -2, -1, -1, 0, 0, 1, 1, 2, 2, 3]),
        (Rounding.FLOOR, [-3, -2, -2, -1, -1, 0, 0, 1, 1, 2, 2]),
    ],
)
def test_halves(rounding: Rounding, expected: list[int]) -> None:
    assert [divide(n, 2, rounding) for n in range(-5, 6)] == expected


@settings(max_examples=300, deadline=None)
@given(numbers, modes)
def test_divide_is_rounding(v: Fraction, mode: Rounding) -> None:
    assert divide(v.numerator, v.denominator, mode) == rounded(v, mode)
    # An unreduced fraction is the same number.
    assert divide(v.numerator * 6, v.denominator * 6, mode) == rounded(v, mode)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-(10**25), 10**25), min_size=1), st.integers(1, 10**20), modes)
def test_arrays_are_divided_element_by_element(
    tops: list[int], bottom: int, mode: Rounding
) -> None:
    result = divide(np.array(tops, dtype=object), bottom, mode)
    assert result.tolist() == [rounded(Fraction(top, bottom), mode) for top in tops]


def expected(f: Rounded, x: Fraction) -> int:
    return min(max(rounded(f.scale * x + f.shift, f.rounding) + f.zero_point, f.low), f.high)


functions = st.builds(
    Rounded,
    numbers,
    numbers,
    st.integers(-9, 9),
    st.integers(-9, 0),
    st.integers(0, 9),
    modes,
)


@settings(max_examples=200, deadline=None)
@given(functions, numbers, st.integers(-50, 50))
def test_values(f: Rounded, x: Fraction, n: int) -> None:
    assert f.at(x) == expected(f, x)
    assert f(n) == expected(f, Fraction(n))


@settings(max_examples=200, deadline=None)
@given(functions.filter(lambda f: f.scale > 0), st.integers(-40, 0), st.integers(0, 40))
def test_first_places_of_all_steps(f: Rounded, low: int, high: int) -> None:
    codes = [expected(f, Fraction(x)) for x in range(low, high + 1)]
    for step, place in zip(range(f.low + 1, f.high + 1), f.first(low, high), strict=True):
        reached = [x for x, y in zip(range(low, high + 1), codes, strict=True) if y >= step]
        assert place == (reached[0] if reached else high + 1)
