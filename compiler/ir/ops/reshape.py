"""Another shape for the same elements in the same order."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from .base import Op, Shape


@dataclass(frozen=True, eq=False)
class Reshape(Op):
    """``y = x.reshape(shape)`` of one frame."""

    shape: Shape

    def infer(self, *shapes: Shape) -> Shape:
        """Return the new shape."""
        if prod(shapes[0]) != prod(self.shape):
            raise ValueError(
                f"shape must have {prod(shapes[0])} elements as {shapes[0]} has, not {self.shape}"
            )
        return self.shape
