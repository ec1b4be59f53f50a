"""Tables against exact fractions, at every integer of the input's range."""

from fractions import Fraction

import pytest
from hypothesis import given, settings

from sangi.compiler.lower.exact import Rounded
from sangi.compiler.lower.tables import MAX_STEPS, MAX_TABLE, table, thresholds
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.ops.threshold import Threshold

from .functions import assert_equal, cases


@settings(max_examples=100, deadline=None)
@given(cases())
def test_thresholds_always_hold(case: tuple[list[Rounded], int, int]) -> None:
    functions, low, high = case
    assert_equal(thresholds(functions, low, high), functions, low, high)


def test_channels_with_clips_of_their_own() -> None:
    f = [
        Rounded(Fraction(1, 7), Fraction(0), 0, -4, 3),
        Rounded(Fraction(1, 9), Fraction(1), 0, 0, 7),
        Rounded(Fraction(-1, 9), Fraction(1), 0, -1, 7),
    ]
    assert_equal(table(f, -100, 100), f, -100, 100)


def test_tables_of_many_steps_are_of_narrow_inputs() -> None:
    f = [Rounded(Fraction(17, 2), Fraction(0), 1, -(2**15), 2**15 - 1, Rounding.HALF_UP)]
    op = table(f, -128, 127)
    assert isinstance(op, Lookup)
    assert_equal(op, f, -128, 127)
    with pytest.raises(ValueError, match=f"codes must have at most {MAX_STEPS} steps .* not 17000"):
        table(f, -1000, 1000)


def test_tables_of_many_channels_are_refused() -> None:
    f = [Rounded(Fraction(1, 2 + n), Fraction(0), 1, -128, 127) for n in range(4200)]
    message = f"at most {MAX_TABLE} entries .* not 1071000; quantize to fewer bits"
    with pytest.raises(ValueError, match=message):
        table(f, -1000, 1000)
    assert isinstance(table(f[:1] * 4200, -1000, 1000), Threshold)


def test_one_threshold_stays_where_nothing_steps() -> None:
    # A circuit has no table without entries.
    zero, one = Fraction(0), Fraction(1)
    for functions in (
        [Rounded(one, zero, 0, 3, 3)],
        [Rounded(one, Fraction(500), 0, -8, 7), Rounded(-one, Fraction(-500), 0, -7, 7)],
        [Rounded(zero, one, 0, -8, 7), Rounded(one, Fraction(-500), 0, 0, 7)],
    ):
        op = thresholds(functions, -100, 100)
        assert op.thresholds.shape[1] == 1
        assert_equal(op, functions, -100, 100)
