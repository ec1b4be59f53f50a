"""How the weights of one layer are restricted: their grid and what was pruned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Integer:
    """Codes ``-(2**(bits-1) - 1) … 2**(bits-1) - 1``, one scale per filter.

    With q the largest code, scale = min(max|w| / q, 2 * mean|w| / sqrt(q)): the largest weight is
    the largest code where bits suffice; with few bits outliers are clamped (the start of LSQ,
    Esser et al. 2020). Means and maxima go over the weights that the mask leaves.

    Attributes
    ----------
    bits : int
        2 … 8.
    """

    bits: int

    @property
    def largest(self) -> int:
        """The largest code."""
        return int((1 << (self.bits - 1)) - 1)


@dataclass(frozen=True)
class Ternary:
    """``sign(h)`` where ``|h| > threshold``, else 0; ``h = clip(w / unit, -1, 1)``.

    The scale of a filter is the mean ``|w|`` of its weights that are not zero.

    Attributes
    ----------
    threshold : float
        0 … 1, called ρ (Nakahara's tri-state networks).
    """

    threshold: float

    bits = 2
    largest = 1


@dataclass(frozen=True)
class BalancedTernary:
    """As ``Ternary``, with ρ the quantile of every (filter, bank of input channels).

    The ``kept`` largest ``|w|`` of every filter and bank are not zero, the same number everywhere:
    ``round((1 - zeros) * weights of a filter / banks)``, but at least 1 and at most the weights of
    the smallest bank. Of equal ones the first in memory order stays. Channel c lies in bank
    ``c % banks``.

    Attributes
    ----------
    zeros : float
        Share of weights that become zero, 0 … 1.
    banks : int
        At least 1; 1 for layers narrower than the banks of the others: the same number of zeros in
        every filter.
    """

    zeros: float
    banks: int

    bits = 2
    largest = 1


Grid = Integer | Ternary | BalancedTernary


@dataclass(frozen=True, eq=False)
class Rule:
    """What holds for the weights of one layer, from the stage that set it to the end.

    Attributes
    ----------
    grid : Grid or None
        None for real numbers.
    unit : float64 (filters,) or None
        For the ternary grids: the hidden weight 1 in units of the weights (numbers of float32),
        fixed when the layer became ternary. Weights are clipped to ± unit in training.
    mask : bool, shape of the weights, or None
        False where a weight was pruned: it is 0 for good.
    even : bool
        Whether weights that the mask leaves never have code 0 on an Integer grid: numbers that
        are equal in every bank stay equal, whatever training does.
    """

    grid: Grid | None = None
    unit: FloatArray | None = None
    mask: BoolArray | None = None
    even: bool = False
