"""The search for requantizing additions against exact fractions, for all pairs of inputs."""

from fractions import Fraction

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sangi.compiler.lower.add import requantizing_add
from sangi.compiler.lower.exact import Rounded

ONE = Fraction(1)
SIGNED = Rounded(ONE, Fraction(0), 0, -128, 127)
BYTES = ((-128, 127), (-128, 127))

float32 = st.floats(2**-7, 8, width=32).map(Fraction)
dyadic = st.builds(lambda p, k: Fraction(p, 2**k), st.integers(-9, 9), st.integers(0, 4))
scales = st.one_of(float32, float32.map(lambda x: -x), dyadic)


def oracle(
    a: Fraction, b: Fraction, shift: Fraction, zero: int, low: int, high: int, x: int, y: int
) -> int:
    """Rounding half to even written out."""
    value = a * x + b * y + shift
    whole = value.numerator // value.denominator
    rest = value - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1):
        whole += 1
    return min(max(whole + zero, low), high)


@settings(max_examples=80, deadline=None)
@given(
    scales,
    scales,
    st.one_of(dyadic, st.floats(-50, 50, width=32).map(Fraction)),
    st.sampled_from([(-8, 7), (0, 15), (-128, 127), (0, 1)]),
    st.integers(0, 4),
    st.tuples(st.integers(-40, 0), st.integers(0, 40)),
    st.tuples(st.integers(-9, 0), st.integers(0, 9)),
)
def test_exact_for_all_pairs(
    a: Fraction,
    b: Fraction,
    shift: Fraction,
    grid: tuple[int, int],
    zero: int,
    first: tuple[int, int],
    second: tuple[int, int],
) -> None:
    low, high = grid
    zero += low
    op = requantizing_add([(a, b)], [Rounded(ONE, shift, zero, low, high)], (first, second))
    assume(op is not None)
    x, y = np.meshgrid(
        np.arange(first[0], first[1] + 1), np.arange(second[0], second[1] + 1), indexing="ij"
    )
    result = op.apply(x[..., None], y[..., None])[..., 0]
    expected = [
        [oracle(a, b, shift, zero, low, high, int(v), int(w)) for w in y[0]] for v in x[:, 0]
    ]
    assert result.tolist() == expected


def test_real_scales_of_8_bits() -> None:
    a, b, s = (Fraction(float(np.float32(v))) for v in (0.0213, 0.0377, 0.0291))
    shift = (a * 128 - b * 3) / s
    op = requantizing_add([(a / s, b / s)], [Rounded(ONE, shift, -128, -128, 127)], BYTES)
    assert op is not None
    assert not op.ties
    codes = np.arange(-128, 128)
    x, y = np.meshgrid(codes, codes, indexing="ij")
    result = op.apply(x[..., None], y[..., None])[..., 0]
    for i in range(0, 256, 17):
        expected = [oracle(a / s, b / s, shift, -128, -128, 127, i - 128, int(w)) for w in codes]
        assert result[i].tolist() == expected


def test_half_sums_take_ties() -> None:
    half = Fraction(1, 2)
    op = requantizing_add([(half, half)], [SIGNED], BYTES)
    assert op is not None and op.ties
    x, y = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128), indexing="ij")
    assert np.array_equal(op.apply(x[..., None], y[..., None])[..., 0], np.rint((x + y) / 2))


def test_wide_inputs_are_left_to_an_exact_sum() -> None:
    wide = ((-(2**12), 2**12), (-128, 127))
    assert requantizing_add([(ONE, ONE)], [SIGNED], wide) is None
