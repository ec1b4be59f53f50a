"""MaxPool and SumPool against loops."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.maxpool import MaxPool
from sangi.runtime.ops.sumpool import SumPool

Pair = tuple[int, int]


def naive(
    x: np.ndarray,
    kernel: Pair,
    stride: Pair,
    padding: tuple[int, int, int, int],
    dilation: Pair,
    outside: int | None,
    join: Callable[[list[int]], int],
) -> np.ndarray:
    """Join what each window holds; places outside count as ``outside``, or not at all."""
    frames, height, width, channels = x.shape
    top, left, bottom, right = padding
    rows = (height + top + bottom - dilation[0] * (kernel[0] - 1) - 1) // stride[0] + 1
    columns = (width + left + right - dilation[1] * (kernel[1] - 1) - 1) // stride[1] + 1
    y = np.zeros((frames, rows, columns, channels), np.int64)
    for n, row, column, c in itertools.product(*map(range, y.shape)):
        held = []
        for ky, kx in itertools.product(*map(range, kernel)):
            iy = row * stride[0] + ky * dilation[0] - top
            ix = column * stride[1] + kx * dilation[1] - left
            if 0 <= iy < height and 0 <= ix < width:
                held.append(int(x[n, iy, ix, c]))
            elif outside is not None:
                held.append(outside)
        y[n, row, column, c] = join(held)
    return y


pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
ranges = st.sampled_from([(-128, 127), (0, 255), (-3, 4), (-(2**31), 2**31 - 1)])


@settings(max_examples=50, deadline=None)
@given(pairs, pairs, pairs, ranges, st.data())
def test_maxpool(
    kernel: Pair, stride: Pair, dilation: Pair, range_: Pair, data: st.DataObject
) -> None:
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    # A window must always hold an element: with gaps between its places, less padding.
    most = [(k - 1) if d == 1 else 0 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(data.draw(st.integers(0, most[i % 2])) for i in range(4))
    size = [r + data.draw(st.integers(0, 3)) for r in reach]
    type_ = TensorType((*size, 2), *range_)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = rng.integers(type_.low, type_.high + 1, (2, *type_.shape)).astype(type_.dtype)
    op = MaxPool(kernel, stride, padding, dilation)
    y = op.apply(x)
    assert np.array_equal(y, naive(x, kernel, stride, padding, dilation, None, max))
    assert op.infer(type_) == TensorType(y.shape[1:], type_.low, type_.high)


@settings(max_examples=50, deadline=None)
@given(pairs, pairs, ranges, st.data())
def test_sumpool(kernel: Pair, stride: Pair, range_: Pair, data: st.DataObject) -> None:
    padding = tuple(data.draw(st.integers(0, kernel[i % 2] - 1)) for i in range(4))
    size = [k + data.draw(st.integers(0, 3)) for k in kernel]
    type_ = TensorType((*size, 2), *range_)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    x = rng.choice([type_.low, type_.high, 1], (2, *type_.shape)).astype(type_.dtype)
    outside = data.draw(st.integers(type_.low - 1, type_.high))
    op = SumPool(kernel, stride, padding, outside)
    y = op.apply(x)
    assert np.array_equal(y, naive(x, kernel, stride, padding, (1, 1), outside, sum))
    out = op.infer(type_)
    assert out.shape == y.shape[1:]
    assert out.low <= y.min() and y.max() <= out.high


def test_range_of_a_global_sum() -> None:
    out = SumPool((8, 8), (8, 8)).infer(TensorType((8, 8, 3), -128, 127))
    assert out == TensorType((1, 1, 3), -128 * 64, 127 * 64)


def test_maxpool_refuses_windows_without_an_element() -> None:
    with pytest.raises(ValueError, match="padding must be smaller than the kernel"):
        MaxPool((2, 2), (1, 1), (2, 0, 0, 0)).infer(TensorType((4, 4, 1), 0, 1))
