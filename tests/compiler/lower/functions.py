"""Rounded functions to draw, and ops compared with them at every integer."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from sangi.compiler.lower.exact import Rounded
from sangi.runtime.numerics import Rounding
from sangi.runtime.ops.base import Op, TensorType

from .nets import rounded


def oracle(f: Rounded, x: int) -> int:
    """The definition of the rounding mode, in fractions."""
    code = rounded(f.scale * x + f.shift, f.rounding) + f.zero_point
    return min(max(code, f.low), f.high)


def assert_equal(ops: Op | tuple[Op, ...], functions: list[Rounded], low: int, high: int) -> None:
    """Compare ops with the oracle on the whole range."""
    type_ = TensorType((len(functions),), low, high)
    x = np.repeat(np.arange(low, high + 1)[:, None], len(functions), axis=1)
    y = x.astype(type_.dtype)
    for op in ops if isinstance(ops, tuple) else (ops,):
        y, type_ = op.apply(y), op.infer(type_)
    expected = np.array([[oracle(f, int(v)) for f in functions] for v in x[:, 0]])
    assert np.array_equal(y, expected)
    assert type_.low <= expected.min() and expected.max() <= type_.high


float32 = st.floats(2**-12, 4, width=32).map(Fraction)
dyadic = st.builds(lambda p, k: Fraction(p, 2**k), st.integers(-40, 40), st.integers(0, 6))
simple = st.builds(Fraction, st.integers(-60, 60), st.integers(1, 60))
scales = st.one_of(
    float32,
    float32.map(lambda x: -x),
    dyadic,
    simple,
    st.builds(lambda a, b: a / b, float32, float32),
)
shifts = st.one_of(
    dyadic, simple, st.floats(-500, 500, width=32).map(Fraction), st.just(Fraction(1, 2))
)
grids = st.sampled_from([(-128, 127), (0, 255), (-8, 7), (0, 1), (-1, 1), (0, 15)])


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Rounded], int, int]:
    low, high = draw(grids)
    zero = draw(st.one_of(st.sampled_from([low, high, 0]), st.integers(low, high)))
    mode = draw(st.one_of(st.just(Rounding.HALF_EVEN), st.sampled_from(Rounding)))
    # With QONNX the zero point is added before rounding.
    inside, outside = draw(st.sampled_from([(0, zero), (zero, 0), (zero + Fraction(1, 2), 0)]))
    functions = [
        Rounded(draw(scales), draw(shifts) + inside, outside, low, high, mode)
        for _ in range(draw(st.integers(1, 3)))
    ]
    first = draw(st.integers(-700, 100))
    return functions, first, first + draw(st.integers(0, 900))
