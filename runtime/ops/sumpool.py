"""Sum over windows: the integer part of average pooling."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class SumPool(Op):
    """Sum of the codes of each window; outside the frame stands ``pad_value`` (real 0).

    The division is part of the Requantize that follows.

    Attributes
    ----------
    kernel, stride : (vertical, horizontal)
    padding : (top, left, bottom, right)
    pad_value : int
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    pad_value: int = 0
