"""Joined tensors: the same integers, in a type that holds all of them."""

import numpy as np
import pytest

from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.concat import Concat


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_every_axis(axis: int) -> None:
    """Each element at its place; bytes with and without sign become 16 bits."""
    sizes = [[2, 3, 4], [2, 3, 4], [2, 3, 4]]
    for number, entry in enumerate(sizes):
        entry[axis] = number + 1
    ranges = [(0, 255), (-128, 127), (-3, 4)]
    types = [TensorType(tuple(s), *r) for s, r in zip(sizes, ranges, strict=True)]
    rng = np.random.default_rng(axis)
    inputs = [rng.integers(t.low, t.high + 1, (5, *t.shape)).astype(t.dtype) for t in types]
    op = Concat(axis)
    out = op.infer(*types)
    assert (out.low, out.high, out.bits) == (-128, 255, 9)
    y = op.apply(*inputs)
    assert y.shape == (5, *out.shape) and y.dtype == np.int16
    start = 0
    for x in inputs:
        stop = start + x.shape[axis + 1]
        assert (np.take(y, range(start, stop), axis + 1) == x).all()
        start = stop
    assert start == out.shape[axis]


def test_what_does_not_fit() -> None:
    one, other = TensorType((2, 3, 4), 0, 1), TensorType((2, 5, 4), 0, 1)
    with pytest.raises(ValueError, match=r"^axis must be 0…2, not 3$"):
        Concat(3).infer(one, one)
    words = r"^shapes must be equal but for axis 2, not \(2, 3, 4\) and \(2, 5, 4\)$"
    with pytest.raises(ValueError, match=words):
        Concat(2).infer(one, other)
