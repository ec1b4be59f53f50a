"""Requantize and Add against their definition in Python integers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.runtime.ops.add import Add
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.requantize import Requantize


def shifted(total: int, shift: int, low: int, high: int, ties: bool) -> int:
    """The definition: floor, mend odd ties, clamp."""
    quotient, remainder = divmod(total, 2**shift)
    if ties and remainder == 0 and quotient % 2 == 1:
        quotient -= 1
    return min(max(quotient, low), high)


@st.composite
def cases(draw: st.DrawFn) -> dict:
    # 40-bit multipliers leave what float64 holds; few bits make ties common.
    bits = draw(st.sampled_from([2, 8, 20, 40]))
    limit = 2**bits
    shift = draw(st.integers(0, bits + 4))
    low = draw(st.sampled_from([-128, 0, -7, -(2**33)]))
    return {
        "bits": bits,
        "limit": limit,
        "shift": shift,
        "low": low,
        "high": low + draw(st.sampled_from([0, 1, 255, 2**34])),
        "ties": draw(st.booleans()),
        "reach": draw(st.sampled_from([4, 127, 2**20])),
        "entries": draw(st.sampled_from([1, 3])),
        "rng": np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
    }


@settings(max_examples=120, deadline=None)
@given(cases())
def test_requantize(case: dict) -> None:
    rng, limit = case["rng"], case["limit"]
    m = rng.integers(-limit, limit + 1, case["entries"])
    c = rng.integers(-limit * 4, limit * 4 + 1, case["entries"])
    op = Requantize(m, c, case["shift"], case["low"], case["high"], case["ties"])
    type_ = TensorType((2, 2, 3), -case["reach"], case["reach"])
    x = rng.integers(type_.low, type_.high + 1, (20, *type_.shape)).astype(type_.dtype)
    y = op.apply(x)
    expected = np.empty(x.shape, object)
    for place in np.ndindex(x.shape):
        total = int(x[place]) * int(m[place[-1] % len(m)]) + int(c[place[-1] % len(c)])
        expected[place] = shifted(total, op.shift, op.low, op.high, op.ties)
    assert np.array_equal(y, expected)
    out = op.infer(type_)
    assert out.shape == type_.shape
    assert out.low <= expected.min() and expected.max() <= out.high


@settings(max_examples=120, deadline=None)
@given(cases())
def test_add(case: dict) -> None:
    rng, limit = case["rng"], case["limit"]
    m = rng.integers(-limit, limit + 1, (2, case["entries"]))
    c = rng.integers(-limit * 4, limit * 4 + 1, case["entries"])
    op = Add(m, c, case["shift"], case["low"], case["high"], case["ties"])
    types = [TensorType((2, 3), -case["reach"], case["reach"]), TensorType((2, 3), 0, 255)]
    a, b = (rng.integers(t.low, t.high + 1, (30, *t.shape)).astype(t.dtype) for t in types)
    y = op.apply(a, b)
    expected = np.empty(a.shape, object)
    for place in np.ndindex(a.shape):
        k = place[-1] % case["entries"]
        total = int(a[place]) * int(m[0, k]) + int(b[place]) * int(m[1, k]) + int(c[k])
        expected[place] = shifted(total, op.shift, op.low, op.high, op.ties)
    assert np.array_equal(y, expected)
    out = op.infer(*types)
    assert out.low <= expected.min() and expected.max() <= out.high


@pytest.mark.parametrize("ties", [False, True])
def test_requantize_at_the_limit_of_float64(ties: bool) -> None:
    # One past 2**53, odd numbers are no longer float64.
    m, c = np.array([2**33 + 1]), np.array([1])
    op = Requantize(m, c, 1, -(2**62), 2**62, ties)
    x = np.array([[2**20], [2**20 - 1], [-(2**20)]], np.int32)
    expected = [shifted(int(v) * (2**33 + 1) + 1, 1, op.low, op.high, ties) for v in x[:, 0]]
    assert op.apply(x)[:, 0].tolist() == expected


def test_halves_go_to_even() -> None:
    op = Requantize(np.array([1]), np.array([1]), 1, -8, 7, ties=True)
    x = np.arange(-7, 8)[:, None]
    assert op.apply(x)[:, 0].tolist() == [round(v / 2) for v in range(-7, 8)]


def test_refuses_products_wider_than_64_bits() -> None:
    op = Requantize(np.array([2**60]), np.array([0]), 1, 0, 1)
    with pytest.raises(ValueError, match="must fit 64 bits"):
        op.apply(np.array([[200]], np.uint8))


@pytest.mark.parametrize("entries", [2, 4])
def test_refuses_tables_of_another_length(entries: int) -> None:
    table = np.ones(entries, np.int64)
    with pytest.raises(ValueError, match=f"must have 1 or 3 entries, not .*{entries}"):
        Requantize(table, table, 0, 0, 1).infer(TensorType((3,), 0, 1))


def test_refuses_to_add_different_shapes() -> None:
    one = np.ones(1, np.int64)
    with pytest.raises(ValueError, match="must be equal"):
        Add(np.ones((2, 1), np.int64), one, 0, 0, 1).infer(
            TensorType((3,), 0, 1), TensorType((4,), 0, 1)
        )


def test_bytes_of_few_values_may_have_large_factors() -> None:
    op = Add(np.array([[1 << 55], [3]]), np.array([0]), 0, -(1 << 62), 1 << 62)
    a, b = np.array([[7, 0]], np.uint8), np.array([[-500, 500]], np.int16)
    assert op.apply(a, b).tolist() == [[7 * (1 << 55) - 1500, 1500]]
    few, many = TensorType((2,), 0, 7), TensorType((2,), 0, 1000)
    assert op.infer(few, many).high == 1 << 62
    with pytest.raises(ValueError, match="products must fit 64 bits, not 66"):
        op.infer(many, few)
