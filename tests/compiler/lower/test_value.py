"""The algebra of values against functions of fractions."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.compiler.lower.value import Term, Value
from sangi.runtime.program import Step

from .nets import in_fractions

fractions = st.builds(Fraction, st.integers(-9, 9), st.integers(1, 4))
limits = st.one_of(st.none(), fractions)
CODES = np.arange(-12, 13)[None, :, None].repeat(3, axis=2)


def pairs(channels: int) -> st.SearchStrategy[tuple[tuple[Fraction, ...], tuple[Fraction, ...]]]:
    many = st.lists(fractions, min_size=channels, max_size=channels).map(tuple)
    return st.one_of(st.tuples(fractions.map(lambda x: (x,)), fractions.map(lambda x: (x,)))) | (
        st.tuples(many, many)
    )


steps = st.lists(
    st.one_of(
        st.tuples(st.just("affine"), pairs(3)),
        st.tuples(st.just("clip"), st.tuples(limits, limits)),
    ),
    max_size=6,
)


@settings(max_examples=200, deadline=None)
@given(steps)
def test_chains_of_affine_functions_and_clips(chain: list) -> None:
    value = Value((Term("x", (Fraction(1),)),), (Fraction(0),), (25, 3))
    functions: list[Callable[[Fraction, int], Fraction]] = []
    for kind, (first, second) in chain:
        if kind == "affine":
            value = value.affine(first, second)
            functions.append(
                lambda v, c, a=first, b=second: v * a[c % len(a)] + b[c % len(b)],
            )
        else:
            value = value.clip(first, second)

            def clip(
                v: Fraction, c: int, low: Fraction | None = first, high: Fraction | None = second
            ) -> Fraction:
                v = v if low is None else max(v, low)
                return v if high is None else min(v, high)

            functions.append(clip)
    result = in_fractions(value, {"x": CODES}, 0)
    for row, channel in np.ndindex(25, 3):
        expected = Fraction(int(CODES[0, row, channel]))
        for function in functions:
            expected = function(expected, channel)
        assert result[row, channel] == expected


def moved(*moves: Step) -> Value:
    return Value((Term("x", (Fraction(1),)),), (Fraction(0),), (2, 3, 4), moves=moves)


def test_constants_of_the_last_axis_behind_moves() -> None:
    four, three = tuple("abcd"), tuple("abc")
    assert moved().places(four) == four
    assert moved(Step("reshape", {"shape": [6, 4]})).places(four) == four
    assert moved(Step("transpose", {"perm": [1, 0, 2]})).places(four) == four
    assert moved(Step("transpose", {"perm": [0, 2, 1]})).places(three) is None
    assert moved(Step("transpose", {"perm": [0, 2, 1]})).places(("a",)) == ("a",)
    twice = tuple("abcdefgh")
    assert moved(Step("reshape", {"shape": [3, 8]})).places(twice) is None
    assert moved(Step("reshape", {"shape": [12, 2]})).places(("a", "b")) == ("a", "b", "a", "b")
