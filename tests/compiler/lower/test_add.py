"""The search for requantizing additions against exact fractions, for all pairs of inputs."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sangi.compiler.lower.add import Ranges, requantizing_add
from sangi.compiler.lower.exact import Rounded
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.add import Add

from .nets import rounded

ONE = Fraction(1)
SIGNED = Rounded(ONE, Fraction(0), 0, -128, 127)
BYTES = ((-128, 127), (-128, 127))

float32 = st.floats(2**-7, 8, width=32).map(Fraction)
dyadic = st.builds(lambda p, k: Fraction(p, 2**k), st.integers(-9, 9), st.integers(0, 4))
scales = st.one_of(float32, float32.map(lambda x: -x), dyadic)


def oracle(f: Rounded, a: Fraction, b: Fraction, x: int, y: int) -> int:
    """The definition of the rounding mode, in fractions."""
    code = rounded(a * x + b * y + f.shift, f.rounding) + f.zero_point
    return min(max(code, f.low), f.high)


def assert_equal(
    op: Add, pairs: list[tuple[Fraction, Fraction]], functions: list[Rounded], ranges: Ranges
) -> None:
    """Compare the op with the oracle for all pairs, or every 17th where there are many."""
    step = 17 if ranges[0][1] - ranges[0][0] > 100 else 1
    x, y = np.meshgrid(
        np.arange(ranges[0][0], ranges[0][1] + 1, step),
        np.arange(ranges[1][0], ranges[1][1] + 1),
        indexing="ij",
    )
    channels = len(pairs)
    result = op.apply(*(v[..., None].repeat(channels, axis=2) for v in (x, y)))
    for c, ((a, b), f) in enumerate(zip(pairs, functions, strict=True)):
        expected = [
            [oracle(f, a, b, int(v), int(w)) for v, w in zip(*rows, strict=True)]
            for rows in zip(x, y, strict=True)
        ]
        assert result[..., c].tolist() == expected


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(scales, scales, st.one_of(dyadic, st.floats(-50, 50, width=32).map(Fraction))),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([(-8, 7), (0, 15), (-128, 127), (0, 1)]),
    st.integers(0, 4),
    st.tuples(st.integers(-40, 0), st.integers(0, 40)),
    st.tuples(st.integers(-9, 0), st.integers(0, 9)),
    st.one_of(st.just(Rounding.HALF_EVEN), st.sampled_from(Rounding)),
)
def test_exact_for_all_pairs(
    channels: list[tuple[Fraction, Fraction, Fraction]],
    grid: tuple[int, int],
    zero: int,
    first: tuple[int, int],
    second: tuple[int, int],
    mode: Rounding,
) -> None:
    low, high = grid
    zero += low
    pairs = [(a, b) for a, b, _ in channels]
    functions = [Rounded(ONE, shift, zero, low, high, mode) for *_, shift in channels]
    op = requantizing_add(pairs, functions, (first, second))
    assume(op is not None)
    assert op is not None
    assert_equal(op, pairs, functions, (first, second))


@pytest.mark.parametrize("channels", [1, 5])
def test_real_scales_of_8_bits(channels: int) -> None:
    rng = np.random.default_rng(channels)
    pairs, functions = [], []
    for _ in range(channels):
        a, b, s = (Fraction(float(v)) for v in rng.uniform(0.02, 0.04, 3).astype(np.float32))
        pairs.append((a / s, b / s))
        functions.append(Rounded(ONE, (a * 128 - b * 3) / s, -128, -128, 127))
    op = requantizing_add(pairs, functions, BYTES)
    assert op is not None
    assert not op.ties
    assert op.multipliers.shape == (2, channels)
    assert_equal(op, pairs, functions, BYTES)


def test_equal_channels_share_one_entry() -> None:
    pair = (Fraction(1, 3), Fraction(1, 7))
    op = requantizing_add([pair] * 4, [SIGNED] * 4, BYTES)
    assert op is not None
    assert op.multipliers.shape == (2, 1)


def test_huge_scales_do_not_wrap_round() -> None:
    pair = (Fraction(2**40), Fraction(-1, 3))
    op = requantizing_add([pair], [SIGNED], ((-3, 3), (-128, 127)))
    if op is not None:
        assert_equal(op, [pair], [SIGNED], ((-3, 3), (-128, 127)))
    wide = [Rounded(ONE, Fraction(0), 0, -(2**31), 2**31 - 1)]
    pair = (Fraction(2**22), Fraction(1, 3))
    op = requantizing_add([pair], wide, BYTES)
    if op is not None:
        assert_equal(op, [pair], wide, BYTES)


def test_half_sums_take_ties() -> None:
    half = Fraction(1, 2)
    op = requantizing_add([(half, half)], [SIGNED], BYTES)
    assert op is not None and op.ties
    x, y = np.meshgrid(np.arange(-128, 128), np.arange(-128, 128), indexing="ij")
    assert np.array_equal(op.apply(x[..., None], y[..., None])[..., 0], np.rint((x + y) / 2))


def test_wide_inputs_are_left_to_an_exact_sum() -> None:
    wide = ((-(2**12), 2**12), (-128, 127))
    assert requantizing_add([(ONE, ONE)], [SIGNED], wide) is None
