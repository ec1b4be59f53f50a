"""Any unary function of few bits, by a table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import IntArray, Op, TensorType, check_entries, narrowest_dtype


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

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the shape of the input with the range of the table."""
        (x,) = inputs
        rows, size = self.table.shape
        check_entries("table", rows, x.channels)
        if x.low != self.low or x.high != self.low + size - 1:
            raise ValueError(
                f"table must cover {x.low}…{x.high}, not {self.low}…{self.low + size - 1}"
            )
        return TensorType(x.shape, int(self.table.min()), int(self.table.max()))

    def apply(self, *inputs: IntArray) -> IntArray:
        """Look the table up."""
        (x,) = inputs
        table = self.table.astype(narrowest_dtype(int(self.table.min()), int(self.table.max())))
        index = x.astype(np.intp) - self.low
        if len(table) == 1:
            return np.asarray(table[0][index])
        return np.asarray(table[np.arange(len(table)), index])
