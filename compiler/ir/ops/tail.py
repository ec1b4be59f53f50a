"""Common ends of classifiers, computed by the host: Softmax, Sigmoid, ArgMax."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Elementwise, Op, Shape


def _check_axis(axis: int, shape: Shape) -> None:
    if not 0 <= axis < len(shape):
        raise ValueError(f"axis must be 0…{len(shape) - 1}, not {axis}")


@dataclass(frozen=True, eq=False)
class Softmax(Op):
    """``exp(x) / sum(exp(x))`` along one axis of a frame (0 is the first after the batch)."""

    axis: int

    def infer(self, *shapes: Shape) -> Shape:
        """Return the input's shape."""
        _check_axis(self.axis, shapes[0])
        return shapes[0]


@dataclass(frozen=True, eq=False)
class Sigmoid(Elementwise):
    """``1 / (1 + exp(-x))``."""


@dataclass(frozen=True, eq=False)
class ArgMax(Op):
    """Index of the largest element along one axis of a frame; the first one where several are.

    Attributes
    ----------
    axis : int
        Of one frame (0 is the first after the batch).
    keepdims : bool
        Whether the axis stays, with size 1.
    """

    axis: int
    keepdims: bool = True

    def infer(self, *shapes: Shape) -> Shape:
        """Return the shape without that axis, or with size 1 there."""
        _check_axis(self.axis, shapes[0])
        kept = (1,) if self.keepdims else ()
        return shapes[0][: self.axis] + kept + shapes[0][self.axis + 1 :]
