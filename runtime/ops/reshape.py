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
