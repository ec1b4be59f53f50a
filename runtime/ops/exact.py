"""Which machine arithmetic computes an integer expression exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import IntArray

FLOAT32_EXACT = 1 << 24
FLOAT64_EXACT = 1 << 53
INT64_LIMIT = 1 << 63

BLOCK = 1 << 18
"""Elements of a working array: what is computed at a time stays in the processor's cache."""


def matmul_dtype(bound: int) -> np.dtype[Any]:
    """Return the fastest type in which sums of products of integers are exact.

    Every partial sum, in whatever order BLAS adds, is an integer of magnitude ``bound`` at most;
    float32 holds all of them below 2**24, float64 below 2**53.

    Raises
    ------
    ValueError
        If ``bound`` does not fit 64 bits.
    """
    if bound < FLOAT32_EXACT:
        return np.dtype(np.float32)
    if bound < FLOAT64_EXACT:
        return np.dtype(np.float64)
    if bound < INT64_LIMIT:
        return np.dtype(np.int64)
    raise ValueError(f"accumulators must fit 64 bits, not {bound.bit_length() + 1}")


def accumulator_dtype(bound: int) -> np.dtype[Any]:
    """Return the integer type for accumulators of magnitude ``bound`` at most."""
    return np.dtype(np.int32) if bound < 1 << 31 else np.dtype(np.int64)


def magnitude(x: IntArray) -> int:
    """Return a bound of ``abs(x)``: the type's for bytes, else that of the values at hand."""
    if x.dtype.itemsize == 1:
        return 128 if x.dtype.kind == "i" else 255
    if x.size == 0:
        return 0
    return max(int(x.max()), -int(x.min()))
