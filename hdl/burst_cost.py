"""Resources of a burst: results that leave in several beats."""

from __future__ import annotations

from .cost import Resources
from .estimate import base_family

SELECTED = 16
"""Beats among which one is selected at a time, so that the logic stays shallow."""


def burst_cost(width: int, beats: int, family: str) -> Resources:
    """Estimate what ``push_burst`` takes for ``beats`` beats of ``width`` bits."""
    if beats == 1:
        return Resources()
    columns = min(beats, SELECTED)
    # A LUT of six inputs takes three beats and their selections, one of four takes two.
    each = max(1.0, columns * (0.45 if base_family(family) == "xc7" else 0.65))
    # Where a burst is longer than the ring, what moves on has a multiplexer in front.
    moved = max(0, beats - columns)
    return Resources(lut=width * (each + moved) + 3, ff=width * beats + columns + 1)
