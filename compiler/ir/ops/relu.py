"""Rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Elementwise


@dataclass(frozen=True, eq=False)
class Relu(Elementwise):
    """``y = max(x, 0)``."""
