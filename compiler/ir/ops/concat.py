"""Several tensors, one behind the other along an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .base import Op, Shape


@dataclass(frozen=True, eq=False)
class Concat(Op):
    """``y = concatenate((a, b, …), axis)`` of one frame.

    Attributes
    ----------
    axis : int
        Of a frame (0 is the first after the batch); all other sizes must be equal.
    """

    axis: int

    arity: ClassVar[int | None] = None

    def infer(self, *shapes: Shape) -> Shape:
        """Return the common shape with the sum of the sizes along the axis."""
        if not shapes:
            raise ValueError("number of inputs must be at least 1, not 0")
        first = shapes[0]
        if not 0 <= self.axis < len(first):
            raise ValueError(f"axis must be 0…{len(first) - 1}, not {self.axis}")
        rests = {(*shape[: self.axis], None, *shape[self.axis + 1 :]) for shape in shapes}
        if len(rests) > 1:
            listed = " and ".join(map(str, shapes))
            raise ValueError(f"inputs must have one shape but for axis {self.axis}, not {listed}")
        total = sum(shape[self.axis] for shape in shapes)
        return (*first[: self.axis], total, *first[self.axis + 1 :])
