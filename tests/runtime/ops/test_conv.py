"""Convolution against loops in Python integers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.conv import Conv


def naive(op: Conv, x: np.ndarray) -> np.ndarray:
    """The definition, one multiplication after another, in unbounded integers."""
    frames, height, width, _ = x.shape
    filters, kh, kw, depth = op.weights.shape
    top, left, bottom, right = op.padding
    rows = (height + top + bottom - op.dilation[0] * (kh - 1) - 1) // op.stride[0] + 1
    columns = (width + left + right - op.dilation[1] * (kw - 1) - 1) // op.stride[1] + 1
    y = np.zeros((frames, rows, columns, filters), dtype=object)
    for n, row, column, f in itertools.product(*map(range, y.shape)):
        group = f // (filters // op.groups)
        for ky, kx, c in itertools.product(range(kh), range(kw), range(depth)):
            iy = row * op.stride[0] + ky * op.dilation[0] - top
            ix = column * op.stride[1] + kx * op.dilation[1] - left
            inside = 0 <= iy < height and 0 <= ix < width
            value = int(x[n, iy, ix, group * depth + c]) if inside else op.pad_value
            y[n, row, column, f] += int(op.weights[f, ky, kx, c]) * value
    return y


@st.composite
def cases(draw: st.DrawFn) -> tuple[Conv, np.ndarray, TensorType]:
    groups = draw(st.integers(1, 3))
    depth, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    low, high = draw(
        st.sampled_from([(-128, 127), (0, 255), (0, 15), (-7, 300), (-(2**20), 2**20)])
    )
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (groups * per_group, *kernel, depth))
    op = Conv(
        weights,
        stride=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        padding=draw(st.tuples(*[st.integers(0, 2)] * 4)),
        dilation=dilation,
        pad_value=draw(st.integers(low, high)),
        groups=groups,
    )
    size = [
        d * (k - 1) + 1 + draw(st.integers(0, 4)) for k, d in zip(kernel, dilation, strict=True)
    ]
    type_ = TensorType((*size, groups * depth), low, high)
    x = rng.choice([low, high, rng.integers(low, high + 1)], (2, *type_.shape))
    return op, x.astype(type_.dtype), type_


@settings(max_examples=60, deadline=None)
@given(cases())
def test_equals_the_definition(case: tuple[Conv, np.ndarray, TensorType]) -> None:
    op, x, type_ = case
    expected = naive(op, x)
    result = op.apply(x)
    assert np.array_equal(result, expected)
    out = op.infer(type_)
    assert result.shape[1:] == out.shape
    assert out.low <= expected.min() and expected.max() <= out.high


def test_range_is_reached_by_the_worst_inputs() -> None:
    weights = np.array([[[[3, -5, 0]]], [[[-128, 127, 1]]]])
    out = Conv(weights).infer(TensorType((1, 1, 3), -128, 127))
    extremes = np.array(list(itertools.product((-128, 127), repeat=3)), np.int8)
    y = Conv(weights).apply(extremes.reshape(-1, 1, 1, 3))
    assert (out.low, out.high) == (y.min(), y.max())


def test_range_counts_the_padding() -> None:
    op = Conv(np.ones((1, 3, 3, 1), np.int64), padding=(1, 1, 1, 1), pad_value=-9)
    out = op.infer(TensorType((4, 4, 1), 0, 3))
    assert (out.low, out.high) == (-81, 27)


@pytest.mark.parametrize("power", [23, 24, 25, 52, 53, 54])
def test_exact_on_both_sides_of_every_float_limit(power: int) -> None:
    # Odd sums of magnitude 2**power are the first that float32 (24) or float64 (53) would round.
    big = 2 ** (power - 1)
    x = np.array([[[[big, big - 1, 1, 1]]]], np.int64)
    op = Conv(np.array([[[[1, 1, 1, 1]]], [[[1, 1, 1, -1]]]]))
    assert op.apply(x).reshape(-1).tolist() == [2 * big + 1, 2 * big - 1]


def test_blocks_join_without_a_seam() -> None:
    rng = np.random.default_rng(5)
    op = Conv(rng.integers(-8, 8, (4, 3, 3, 16)), padding=(1, 1, 1, 1), pad_value=-3)
    x = rng.integers(-128, 128, (70, 8, 8, 16)).astype(np.int8)
    alone = np.concatenate([op.apply(x[i : i + 1]) for i in range(len(x))])
    assert np.array_equal(op.apply(x), alone)


def test_macs_of_a_frame() -> None:
    op = Conv(np.zeros((16, 3, 3, 3), np.int64), padding=(1, 1, 1, 1))
    assert op.macs(TensorType((32, 32, 3), 0, 255)) == 32 * 32 * 16 * 27


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4,), r"must be \(H, W, C\), not \(4,\)"),
        ((4, 4, 2), "must be 3, not 2"),
        ((2, 4, 3), "must fit into the padded frame"),
    ],
)
def test_refuses_inputs_that_do_not_fit(shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Conv(np.ones((1, 3, 3, 3), np.int64)).infer(TensorType(shape, 0, 1))
