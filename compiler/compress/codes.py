"""The codes that the weights of a layer have under its rule: the one definition of every grid.

Everything that decides a code is computed in float64, element by element or in sums that do not
depend on their order: another implementation (torch) can repeat it bit for bit.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import numpy.typing as npt

from ..ir.ops.weights import WeightArray
from .prune.balanced import kept_per_bank, strongest
from .rule import BoolArray, Integer, Rule, Ternary

Codes = npt.NDArray[np.int8]
FloatArray = npt.NDArray[np.float64]

SUM_BITS = 32
"""Sizes are summed as multiples of 2**-32 of the power of two above the largest of the filter.

A filter of up to 2**21 weights so has an exact sum in float64, whatever the order.
"""

UNIT = 3.0
"""The hidden weight 1 in root mean squares of a filter: beyond it lie 0.3 % of normal weights."""


def codes_of(weight: WeightArray, rule: Rule) -> tuple[Codes, npt.NDArray[np.float32]]:
    """Return the codes of a layer's weights, and the step between codes per filter.

    A filter that is zero throughout, or so small that its scale would underflow, has codes 0 and
    scale 1.

    Parameters
    ----------
    weight : float64 (filters, …, channels)
        The hidden weights: finite numbers of float32.
    rule : Rule
        With a grid; the ternary ones need ``unit`` too.

    Returns
    -------
    codes : int8, shape of ``weight``
        0 wherever the mask is False.
    scale : float32 (filters,)
        Positive: the weight that a code stands for is ``code * scale``.

    Raises
    ------
    ValueError
        If the rule has no grid, or a ternary one without unit.
    """
    grid, weight = rule.grid, weight.astype(np.float64, copy=False)
    if isinstance(grid, Integer):
        return _integer(weight, grid, rule)
    if grid is None:
        raise ValueError("grid must be Integer, Ternary or BalancedTernary, not None")
    if rule.unit is None:
        raise ValueError(f"unit must be one number per filter for {type(grid).__name__}, not None")
    unit = rule.unit.reshape(-1, *[1] * (weight.ndim - 1))
    sizes = np.minimum(np.abs(weight), unit)
    if isinstance(grid, Ternary):
        chosen = sizes > grid.threshold * unit
        if rule.mask is not None:
            chosen &= rule.mask
    else:
        kept = kept_per_bank(weight.shape, grid.zeros, grid.banks)
        chosen = strongest(sizes, grid.banks, kept, rule.mask)
    scale = _float32(mean_size(sizes, chosen), chosen)
    alive = (scale > 0).reshape(unit.shape)
    codes = np.where(chosen & alive, _signs(weight), np.int8(0))
    return codes, np.where(scale > 0, scale, np.float32(1))


def weights_of(weight: WeightArray, rule: Rule) -> npt.NDArray[np.float32]:
    """Return the weights that a layer computes with: ``code * scale``, rounded to float32.

    So does DequantizeLinear. Without a grid these are the weights that the mask leaves.
    """
    if rule.grid is not None:
        codes, scale = codes_of(weight, rule)
        return codes * scale.reshape(-1, *[1] * (weight.ndim - 1))
    values = weight if rule.mask is None else np.where(rule.mask, weight, 0.0)
    return values.astype(np.float32)


def unit_of(weight: WeightArray, mask: BoolArray | None = None) -> FloatArray:
    """Return what a hidden weight of 1 stands for: three root mean squares of every filter.

    Parameters
    ----------
    weight : float64 (filters, …, channels)
    mask : bool, shape of ``weight``, or None
        Only the weights that it leaves count.

    Returns
    -------
    float64 (filters,)
        Numbers of float32, positive: 1 for a filter of zeros.
    """
    flat = weight.astype(np.float64, copy=False).reshape(len(weight), -1)
    count = np.full(len(flat), flat.shape[1])
    if mask is not None:
        left = mask.reshape(flat.shape)
        flat, count = np.where(left, flat, 0.0), left.sum(axis=1)
    power = (flat * flat).sum(axis=1) / np.maximum(count, 1)
    unit = (UNIT * np.sqrt(power)).astype(np.float32)
    return np.where(unit > 0, unit, np.float32(1)).astype(np.float64)


def mean_size(sizes: FloatArray, chosen: BoolArray) -> FloatArray:
    """Return the mean of the chosen sizes of every filter; 0 where none is chosen.

    Sizes are rounded to multiples of a power of two first (``SUM_BITS``), which makes their sum
    exact.

    Parameters
    ----------
    sizes : float64 (filters, …)
        Not negative.
    chosen : bool, shape of ``sizes``

    Returns
    -------
    float64 (filters,)
    """
    flat, counted = sizes.reshape(len(sizes), -1), chosen.reshape(len(sizes), -1)
    _, exponent = np.frexp(flat.max(axis=1))
    exponent = exponent - SUM_BITS
    parts = np.rint(np.ldexp(flat, -exponent[:, None]))
    total = np.where(counted, parts, 0.0).sum(axis=1)
    mean: FloatArray = np.ldexp(total / np.maximum(counted.sum(axis=1), 1), exponent)
    return mean


def _integer(
    weight: FloatArray, grid: Integer, rule: Rule
) -> tuple[Codes, npt.NDArray[np.float32]]:
    left = np.ones(weight.shape, np.bool_) if rule.mask is None else rule.mask
    sizes = np.where(left, np.abs(weight), 0.0)
    peak = sizes.reshape(len(sizes), -1).max(axis=1)
    step = np.minimum(peak / grid.largest, 2 * mean_size(sizes, left) / sqrt(grid.largest))
    rounded = _float32(step, left)
    scale = np.where(rounded > 0, rounded, np.float32(1))
    axes = (-1, *[1] * (weight.ndim - 1))
    steps = np.rint(weight / scale.astype(np.float64).reshape(axes))
    if rule.even:
        steps = np.where((steps == 0) & (rounded > 0).reshape(axes), _signs(weight), steps)
    codes = np.clip(np.where(left, steps, 0.0), -grid.largest, grid.largest)
    return codes.astype(np.int8), scale


def _signs(weight: FloatArray) -> Codes:
    """Return -1 or 1; a weight of exactly 0 counts as positive, so that equal numbers stay so."""
    return np.where(weight < 0, -1, 1).astype(np.int8)


def _float32(step: FloatArray, counted: BoolArray) -> npt.NDArray[np.float32]:
    """Return steps as float32, 0 where nothing counted."""
    any_counted = counted.reshape(len(counted), -1).any(axis=1)
    return np.where(any_counted, step, 0.0).astype(np.float32)
