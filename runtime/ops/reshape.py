"""Another shape for the same elements in the same order; costs nothing in a circuit."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class Reshape(Op):
    """``y = x.reshape(shape)``, channels-last order on both sides.

    Attributes
    ----------
    shape : tuple of int
        Of one frame.
    """

    shape: tuple[int, ...]

    def infer(self, *inputs: TensorType) -> TensorType:
        """Return the new shape with the range of the input."""
        (x,) = inputs
        result = TensorType(self.shape, x.low, x.high)
        if result.elements != x.elements:
            raise ValueError(f"shape must hold {x.elements} elements, not {self.shape}")
        return result

    def apply(self, *inputs: IntArray) -> IntArray:
        """Return a view of the same elements."""
        return inputs[0].reshape(len(inputs[0]), *self.shape)
