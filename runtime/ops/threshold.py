"""Any function with few steps, by counting thresholds."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class Threshold(Op):
    """``y = values[c, count(x >= thresholds[c])]``.

    Attributes
    ----------
    thresholds : int64 (channels or 1, n)
        Ascending (equal ones allowed).
    values : int64 (channels or 1, n + 1)
        Steps of either sign and size: falling and non-monotone functions included.
    """

    thresholds: IntArray
    values: IntArray
