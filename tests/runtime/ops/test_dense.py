"""The dense layer against Python integers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.dense import Dense


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([7, 127, 2**15, 2**30]),
    st.integers(0, 2**32 - 1),
)
def test_equals_the_definition(filters: int, channels: int, largest: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    op = Dense(rng.integers(-128, 128, (filters, channels)))
    x = rng.integers(-largest - 1, largest + 1, (3, channels))
    expected = x.astype(object) @ op.weights.T.astype(object)
    type_ = TensorType((channels,), -largest - 1, largest)
    assert np.array_equal(op.apply(x.astype(type_.dtype)), expected)
    out = op.infer(type_)
    assert out.shape == (filters,)
    assert out.low <= expected.min() and expected.max() <= out.high


def test_range_is_reached_by_the_worst_inputs() -> None:
    op = Dense(np.array([[3, -5, 0], [-128, 127, 1]]))
    x = np.array(list(itertools.product((-128, 127), repeat=3)), np.int8)
    out = op.infer(TensorType((3,), -128, 127))
    assert (out.low, out.high) == (op.apply(x).min(), op.apply(x).max())
    assert op.macs(TensorType((3,), -128, 127)) == 6


def test_refuses_another_length() -> None:
    with pytest.raises(ValueError, match=r"must be \(3,\), not \(4,\)"):
        Dense(np.ones((2, 3), np.int64)).infer(TensorType((4,), 0, 1))
