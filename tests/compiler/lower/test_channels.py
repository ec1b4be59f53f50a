"""Units that channels have in common, and channels in them, against fractions."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.lower.channels import (
    Channel,
    channels_of,
    common_units,
    in_units,
    multiples_of,
    split,
)
from sangi.compiler.lower.value import Term, Value
from sangi.runtime.ops.base import TensorType

TYPE = TensorType((2,), -5, 9)
fractions = st.builds(Fraction, st.integers(-12, 12), st.integers(1, 6))
channels = st.builds(
    lambda factor, shift, bounds: Channel(factor, shift, *bounds),
    fractions.filter(bool),
    fractions,
    st.one_of(
        st.tuples(st.none(), fractions),
        st.tuples(fractions, st.none()),
        st.tuples(fractions, fractions).map(lambda pair: tuple(sorted(pair))),
    ),
)


@given(st.lists(st.lists(fractions, min_size=1, max_size=4), min_size=1, max_size=3))
def test_units_divide_their_group_and_nothing_larger_does(groups: list[list[Fraction]]) -> None:
    for unit, numbers in zip(common_units(groups), groups, strict=True):
        if not any(numbers):
            assert unit == 0
            continue
        multiples = [x / unit for x in numbers]
        assert all(m.denominator == 1 for m in multiples)
        for k in (2, 3, 5, 7, 11):
            assert any(m % k for m in multiples)
        assert max(multiples) > 0


@settings(deadline=None)
@given(channels)
def test_a_channel_in_units_has_the_same_values(channel: Channel) -> None:
    ends = channel.ends(TYPE)
    (unit,) = common_units([[channel.factor, channel.shift, *ends]])
    codes = in_units(channel, unit, TYPE)
    for x in range(TYPE.low, TYPE.high + 1):
        code = codes.factor * x + codes.shift
        assert codes.free[0] <= code <= codes.free[1]
        real = channel.clamped(channel.factor * x + channel.shift)
        assert unit * min(max(code, codes.low), codes.high) == real
    first, last = channel.codes(TYPE)
    clamped = {channel.clamped(channel.factor * x + channel.shift) for x in (first, last)}
    assert clamped == {channel.factor * x + channel.shift for x in (first, last)} == set(ends)


def test_channels_of_a_value() -> None:
    factors = Fraction(2), Fraction(0)
    value = Value((Term("x", factors),), (Fraction(7),), (2,), low=(Fraction(1), Fraction(9)))
    assert channels_of(value, TYPE) == [
        Channel(Fraction(2), Fraction(7), Fraction(1)),
        Channel(Fraction(0), Fraction(9)),
    ]
    assert [c.zero for c in channels_of(value, TYPE)] == [Fraction(-7, 2), Fraction(1, 2)]
    one = Value((Term("x", factors[:1]),), (Fraction(0),), (2,))
    assert channels_of(one, TYPE) == [Channel(Fraction(2), Fraction(0))]
    assert channels_of(one, TensorType((2,), 0, 0)) == [Channel(Fraction(0), Fraction(0))]


def test_multiples_of_groups() -> None:
    four = [Channel(Fraction(n, 3), Fraction(0)) for n in (2, 4, 0, 0)]
    units = common_units([[c.factor for c in group] for group in split(four, 2)])
    assert units == (Fraction(2, 3), 0)
    assert multiples_of(four, units) == (1, 2, 0, 0)
