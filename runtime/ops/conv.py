"""Convolution over raw codes."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class Conv(Op):
    """Cross-correlation without bias: ``y[oy,ox,f] = sum w[f,ky,kx,c] * x[oy*s+ky*d-p, …, c]``.

    The zero point of x is not subtracted: ``pad_value`` is the code of real 0 and the constant
    ``-zero_point * sum(w)`` is part of the op that follows.

    Attributes
    ----------
    weights : int64 (filters, kh, kw, channels // groups)
    stride, dilation : (vertical, horizontal)
    padding : (top, left, bottom, right)
    pad_value : int
    groups : int
    """

    weights: IntArray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    pad_value: int = 0
    groups: int = 1
