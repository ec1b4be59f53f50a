"""Several tensors, one behind the other along an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class Concat(Op):
    """``y = concatenate(inputs, axis)``: the same integers, in a type that holds all of them.

    Attributes
    ----------
    axis : int
        Of one frame; all other sizes are equal.
    """

    axis: int

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the joined shape with the smallest range that holds every input's."""
        if len(inputs) < 2:
            raise ValueError(f"number of inputs must be at least 2, not {len(inputs)}")
        first = inputs[0].shape
        if not 0 <= self.axis < len(first):
            raise ValueError(f"axis must be 0…{len(first) - 1}, not {self.axis}")
        rests = {(x.shape[: self.axis], x.shape[self.axis + 1 :]) for x in inputs}
        if len(rests) > 1:
            listed = " and ".join(str(x.shape) for x in inputs)
            raise ValueError(f"shapes must be equal but for axis {self.axis}, not {listed}")
        total = sum(x.shape[self.axis] for x in inputs)
        return TensorType(
            (*first[: self.axis], total, *first[self.axis + 1 :]),
            min(x.low for x in inputs),
            max(x.high for x in inputs),
        )

    def apply(self, *inputs: IntArray) -> IntArray:
        """Join arrays of integers; NumPy's common type of several holds all of them."""
        return np.concatenate(inputs, self.axis + 1)
