"""Threshold, Lookup and Reshape against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.lookup import Lookup
from sangi.runtime.ops.reshape import Reshape
from sangi.runtime.ops.threshold import Threshold


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([1, 3]), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_threshold_counts_steps(rows: int, steps: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    op = Threshold(
        np.sort(rng.integers(-6, 7, (rows, steps)), axis=1), rng.integers(-9, 9, (rows, steps + 1))
    )
    type_ = TensorType((2, 2, 3), -8, 8)
    x = rng.integers(-8, 9, (5, *type_.shape)).astype(np.int8)
    y = op.apply(x)
    for place in np.ndindex(x.shape):
        row = place[-1] % rows
        count = sum(int(x[place]) >= int(t) for t in op.thresholds[row])
        assert y[place] == op.values[row, count]
    out = op.infer(type_)
    assert out.low <= y.min() and y.max() <= out.high


def test_threshold_refuses_falling_thresholds() -> None:
    op = Threshold(np.array([[2, 1]]), np.array([[0, 1, 2]]))
    with pytest.raises(ValueError, match="must ascend"):
        op.infer(TensorType((1,), 0, 3))


def test_threshold_refuses_no_thresholds() -> None:
    op = Threshold(np.zeros((1, 0), np.int64), np.array([[3]]))
    with pytest.raises(ValueError, match="thresholds must have at least 1 step, not 0"):
        op.infer(TensorType((1,), 0, 3))


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize(("low", "high"), [(0, 255), (-128, 127), (-3, 4)])
def test_lookup_takes_every_code(rows: int, low: int, high: int) -> None:
    table = np.random.default_rng(3).integers(-1000, 1000, (rows, high - low + 1))
    type_ = TensorType((2,), low, high)
    x = np.stack([np.arange(low, high + 1), np.arange(high, low - 1, -1)], 1).astype(type_.dtype)
    y = Lookup(table, low).apply(x)
    for n, c in np.ndindex(x.shape):
        assert y[n, c] == table[c % rows, int(x[n, c]) - low]
    out = Lookup(table, low).infer(type_)
    assert (out.low, out.high) == (table.min(), table.max())


def test_lookup_refuses_another_range() -> None:
    with pytest.raises(ValueError, match="must cover 0…4, not 0…3"):
        Lookup(np.zeros((1, 4), np.int64), 0).infer(TensorType((1,), 0, 4))


def test_reshape_keeps_the_order() -> None:
    x = np.arange(24).reshape(2, 2, 2, 3)
    op = Reshape((12,))
    assert np.array_equal(op.apply(x), x.reshape(2, 12))
    assert op.infer(TensorType((2, 2, 3), 0, 30)) == TensorType((12,), 0, 30)
    with pytest.raises(ValueError, match="must hold 12 elements"):
        Reshape((11,)).infer(TensorType((2, 2, 3), 0, 30))
