"""Parameters of the skipping engine: which layers it may compute, with how many banks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...hdl.skipping.params import SkippingParams
from ...hdl.skipping.weights import entries_of, field_bits, steps_of, stored_bits
from ...runtime.ops.base import TensorType
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from .divisors import divisors
from .elementwise import beat_of
from .windowed import STYLES, kernels, multipliers_of, window_of

MOST_NONZERO = 0.6
"""Share of non-zero weights above which skipping cannot pay for its places and indices."""

SPARE_LANES = 1.5
"""Choices with more lanes than this times the fewest are not looked at."""


def skipping_options(
    op: Conv | Dense,
    source: TensorType,
    out: TensorType,
    lanes: tuple[int, int],
    interval: int,
) -> tuple[SkippingParams, ...]:
    """Return the skipping engines that take at most ``interval`` cycles a frame with few lanes.

    Parameters
    ----------
    op : Conv or Dense
    source, out : TensorType
    lanes : (int, int)
        Of the input and output streams; the first must divide ``source.channels``.
    interval : int
        Cycles.

    Returns
    -------
    tuple of SkippingParams
        Empty where too few weights are zero or no choice is fast enough.
    """
    weights = kernels(op)
    if not worthwhile(weights):
        return ()
    found = [
        (pe, banks, steps)
        for pe, banks, steps in bankings_of(weights, lanes)
        if out.pixels * sum(steps) <= interval
    ]
    fewest = min((pe * banks for pe, banks, _ in found), default=0)
    multipliers, weight_bits = multipliers_of(op)
    options: list[SkippingParams] = []
    for pe, banks, steps in found:
        if pe * banks > SPARE_LANES * fewest:
            continue
        window = window_of(op, source, banks, lanes[0], len(weights) // pe)
        entries = entries_of(window, pe, steps, weights)
        options += [
            SkippingParams(
                window=window,
                out_channels=len(weights),
                pe=pe,
                out=beat_of(out, lanes[1]),
                steps=steps,
                index_bits=stored_bits(entries, sum(field_bits(window)) + weight_bits),
                weight_bits=weight_bits,
                multiplier=multiplier,
                weight_style=style,
            )
            for multiplier in multipliers
            for style in STYLES
        ]
    return tuple(options)


def worthwhile(weights: npt.NDArray[np.int64]) -> bool:
    """Whether enough weights are zero."""
    return int(np.count_nonzero(weights)) <= MOST_NONZERO * weights.size


def bankings_of(
    weights: npt.NDArray[np.int64], lanes: tuple[int, int] = (1, 1)
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return (pe, banks, steps of every group) of every choice whose lanes fit the streams'.

    Parameters
    ----------
    weights : int64 (filters, kernel height, kernel width, channels)
    """
    filters, channels = weights.shape[0], weights.shape[-1]
    return [
        (pe, banks, steps_of(weights, banks, pe, pe // lanes[1]))
        for banks in divisors(channels)
        if banks % lanes[0] == 0
        for pe in divisors(filters)
        if pe % lanes[1] == 0
    ]
