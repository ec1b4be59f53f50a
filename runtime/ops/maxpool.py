"""Maximum over windows."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class MaxPool(Op):
    """Largest code of each window; outside the frame stands the lowest code of the input's type.

    Attributes
    ----------
    kernel, stride, dilation : (vertical, horizontal)
    padding : (top, left, bottom, right)
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
