"""From observed activations to grids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ir.ops.quantize import Quantize

BINS = 2048
#: Share of the observed range that a grid may keep; the rest is clamped.
SHRINKS = tuple(1 - 0.02 * step for step in range(31))
#: The same for grids of less than 8 bits, whose steps are dearer than outliers.
NARROW_SHRINKS = tuple(1 - 0.02 * step for step in range(48))


@dataclass(frozen=True)
class Range:
    """Smallest and largest value of a tensor."""

    low: float
    high: float

    def join(self, other: Range) -> Range:
        """Return the range that holds both."""
        return Range(min(self.low, other.low), max(self.high, other.high))


def observed(values: npt.NDArray[Any]) -> Range:
    """Return the range of an array; it includes 0, which padding and Relu need on the grid."""
    return Range(min(0.0, float(values.min())), max(0.0, float(values.max())))


def grid(span: Range, bits: int = 8) -> Quantize:
    """Return the grid of codes 0 … 2**bits - 1 over a range.

    Real 0 lies on it, its scale is a float32.
    """
    width, largest = max(span.high - span.low, 1e-6), (1 << bits) - 1
    scale = np.float32(width / largest)
    zero_point = int(np.clip(np.rint(-span.low / float(scale)), 0, largest))
    return Quantize((Fraction(float(scale)),), (zero_point,), 0, largest)


def best_range(histogram: npt.NDArray[np.int64], span: Range, bits: int = 8) -> Range:
    """Return the part of a range whose grid has the least mean squared error.

    Clamping a few outliers makes every step finer. The error is summed over a histogram: every
    value of a bin counts as the bin's centre. The ends are searched in turns: high, low, high.

    Parameters
    ----------
    histogram : int64 (BINS,)
        Counts over ``span`` in equal bins.
    span : Range
    bits : int
        Of the grid.
    """
    edges = np.linspace(span.low, span.high, len(histogram) + 1)
    centres = (edges[:-1] + edges[1:]) / 2

    def error(candidate: Range) -> float:
        return float(histogram @ (centres - rounded(centres, grid(candidate, bits))) ** 2)

    best, shrinks = span, SHRINKS if bits >= 8 else NARROW_SHRINKS
    for end in ("high", "low", "high"):
        whole: float = getattr(span, end)
        best = min((replace(best, **{end: whole * share}) for share in shrinks), key=error)
    return best


def rounded(values: npt.NDArray[np.float64], to: Quantize) -> npt.NDArray[np.float64]:
    """Return values on a per-tensor grid."""
    scale, zero_point = float(to.scale[0]), to.zero_point[0]
    codes = np.clip(np.rint(values / scale) + zero_point, to.low, to.high)
    return np.asarray((codes - zero_point) * scale)


def histogram(parts: Iterable[npt.NDArray[Any]], span: Range) -> npt.NDArray[np.int64]:
    """Return the counts of values over ``span`` in BINS equal bins."""
    total = np.zeros(BINS, np.int64)
    for part in parts:
        total += np.histogram(part, BINS, (span.low, max(span.high, span.low + 1e-6)))[0]
    return total
