"""The oracle's roundings, roots and products."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from .numbers import NearTie, Ties, clamp, dot, exact, rounded, square_root


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [
        ("ROUND", [-2, -2, -1, 0, 0, 0, 1, 2, 2]),
        ("HALF_UP", [-3, -2, -1, -1, 0, 1, 1, 2, 3]),
        ("HALF_DOWN", [-2, -1, -1, 0, 0, 0, 1, 1, 2]),
        ("UP", [-3, -2, -1, -1, 0, 1, 1, 2, 3]),
        ("DOWN", [-2, -1, -1, 0, 0, 0, 1, 1, 2]),
        ("CEIL", [-2, -1, -1, 0, 0, 1, 1, 2, 3]),
        ("FLOOR", [-3, -2, -1, -1, 0, 0, 1, 1, 2]),
    ],
)
def test_every_rounding_at_halves(mode: str, wanted: list[int]) -> None:
    values = exact([-2.5, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2.5])
    assert rounded(values, Ties(), mode).tolist() == wanted


def test_ties_are_counted_and_undecidable_values_are_refused() -> None:
    ties = Ties()
    rounded(exact([0.5, 0.25, -1.5, 2.0]), ties)
    assert ties.count == 2
    with pytest.raises(NearTie):
        rounded(exact([Fraction(1, 2) + Fraction(1, 10**30)]), ties)


def test_roots_are_exact_where_they_can_be_and_precise_where_not() -> None:
    assert square_root(Fraction(9, 16)) == Fraction(3, 4)
    root = square_root(Fraction(2))
    assert abs(root * root - 2) < Fraction(1, 10**55)


def test_products_of_any_denominators() -> None:
    a = exact([[0.1, 0.25], [3, -1.5]]) / 3
    b = exact([[7, 0.3], [0.5, 1]]) / 7
    wanted = [[sum(a[i, k] * b[k, j] for k in range(2)) for j in range(2)] for i in range(2)]
    assert dot(a, b).tolist() == wanted


def test_the_upper_bound_holds_where_bounds_cross() -> None:
    assert clamp(exact([0, 5]), Fraction(4), Fraction(2)).tolist() == [2, 2]
    assert np.clip([0, 5], 4, 2).tolist() == [2, 2]
