"""Any unary function of few bits, by a table."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class Lookup(Op):
    """``y = table[c, x - low]`` where ``low`` is the smallest value of the input's type.

    Attributes
    ----------
    table : int64 (channels or 1, high - low + 1)
    low : int
        Smallest value of the input's type.
    """

    table: IntArray
    low: int
