"""Fully connected layer over raw codes."""

from __future__ import annotations

from dataclasses import dataclass

from .base import IntArray, Op, TensorType


@dataclass(frozen=True, eq=False)
class Dense(Op):
    """``y[f] = sum w[f,c] * x[c]`` over the last axis of a vector, without bias.

    Attributes
    ----------
    weights : int64 (filters, channels)
    """

    weights: IntArray
