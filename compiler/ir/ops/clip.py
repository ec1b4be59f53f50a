"""Limits on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .base import Elementwise


@dataclass(frozen=True, eq=False)
class Clip(Elementwise):
    """``y = min(max(x, low), high)``; None stands for no limit."""

    low: Fraction | None = None
    high: Fraction | None = None
