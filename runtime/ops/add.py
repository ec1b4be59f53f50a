"""Requantizing addition of two tensors."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class Add(Op):
    """``y = clamp((a*multipliers[0][c] + b*multipliers[1][c] + offset[c]) >> shift, low, high)``.

    ``ties`` as in Requantize. A plain sum has multipliers 1, offset 0, shift 0 and a range that
    clamps nothing.

    Attributes
    ----------
    multipliers : int64 (2, channels or 1)
    offset : int64 (channels or 1,)
    shift, low, high : int
    ties : bool
    """

    multipliers: IntArray
    offset: IntArray
    shift: int
    low: int
    high: int
    ties: bool = False
