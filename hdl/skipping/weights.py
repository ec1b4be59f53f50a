"""Lists of the weights that are not zero, in pure Python: what the engine reads, and when."""

from __future__ import annotations

import numpy as np

from ...runtime.numerics import clog2
from ..filters import Weights, check_range, check_shape
from ..window.params import WindowParams
from .params import SkippingParams


def steps_of(weights: Weights, banks: int, pe: int, beats: int) -> tuple[int, ...]:
    """Return the cycles of every group of filters: ``SkippingParams.steps``.

    Parameters
    ----------
    weights : int64 (filters, kernel height, kernel width, channels)
    banks : int
        Divides the channels; channel c lies in bank ``c % banks``.
    pe : int
        Filters of a group; divides the filters.
    beats : int
        Beats that a group gives: ``SkippingParams.beats``.
    """
    counts = bank_counts(weights, banks)
    longest = counts.reshape(-1, pe * banks).max(axis=1)
    return tuple(int(count) for count in np.maximum(longest, max(1, beats)))


def bank_counts(weights: Weights, banks: int) -> Weights:
    """Return how many weights are not zero: int64 (filters, banks)."""
    split = (weights != 0).reshape(len(weights), -1, banks)
    counts: Weights = split.sum(axis=1, dtype=np.int64)
    return counts


def entries_of(window: WindowParams, pe: int, steps: tuple[int, ...], weights: Weights) -> Weights:
    """Return what every lane does in every step: int64 (sum(steps), pe * banks).

    Lane ``p * banks + b`` is filter p of the group and bank b. From the lowest bit: the distance of
    the input from the window's first word in the ring (modulo its capacity), the row and the column
    of the kernel (where windows are padded), the weight in two's complement (its sign goes on
    to the left). Lists are in the order (ky, kx, word); behind their end stands 0.

    Parameters
    ----------
    window : WindowParams
        ``window.lanes`` is the number of banks.
    pe : int
        Filters of a group.
    steps : tuple of int
        Of every group.
    weights : int64 (filters, kernel height, kernel width, channels)
    """
    banks = window.lanes
    filters, ky, kx, channels = np.nonzero(weights)
    lists = filters * banks + channels % banks
    order = np.argsort(lists, kind="stable")
    starts = np.searchsorted(lists[order], np.arange(len(weights) * banks))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order)) - starts[lists[order]]
    begins = np.cumsum([0, *steps[:-1]])
    place_bits, row_bits, column_bits = field_bits(window)
    pixels = ky * window.dilation[0] * window.width + kx * window.dilation[1]
    entries = (pixels * window.words + channels // banks) % window.capacity
    if window.padded:
        entries |= ky << place_bits | kx << (place_bits + row_bits)
    entries |= weights[filters, ky, kx, channels] << (place_bits + row_bits + column_bits)
    table: Weights = np.zeros((sum(steps), pe * banks), dtype=np.int64)
    table[begins[filters // pe] + rank, filters % pe * banks + channels % banks] = entries
    return table


def field_bits(window: WindowParams) -> tuple[int, int, int]:
    """Return the bits of an entry's place, row and column."""
    rows, columns = (clog2(size) if window.padded else 0 for size in window.kernel)
    return clog2(window.capacity), rows, columns


def varying(entries: Weights) -> Weights:
    """Return, per lane, a mask of the bits that are not the same in every step: int64 (lanes,)."""
    masks: Weights = np.bitwise_or.reduce(entries) & ~np.bitwise_and.reduce(entries)
    return masks


def stored_bits(entries: Weights, entry_bits: int) -> int:
    """Return the bits of a word of the index memory: constant bits are wired."""
    masks = varying(entries)[:, None] >> np.arange(entry_bits)
    return int((masks & 1).sum())


def check_weights(params: SkippingParams, weights: Weights) -> None:
    """Refuse weights of another shape, range or pattern of zeros than the parameters say.

    Raises
    ------
    ValueError
        If the shape is not (filters, kernel height, kernel width, channels), a weight does not fit
        ``weight_bits`` or is not ternary, or steps or index memory are not those of the weights.
    """
    check_shape(weights, (params.out_channels, *params.window.kernel, params.window.channels))
    check_range(weights, params.weight_bits, params.multiplier)
    steps = steps_of(weights, params.banks, params.pe, params.beats)
    if params.steps != steps:
        raise ValueError(f"steps must be {steps}, not {params.steps}")
    entries = entries_of(params.window, params.pe, steps, weights)
    stored = stored_bits(entries, params.entry_bits)
    if params.index_bits != stored:
        raise ValueError(f"index_bits must be {stored}, not {params.index_bits}")


def utilization(params: SkippingParams, weights: Weights) -> float:
    """Return the share of lane cycles in which a weight is used."""
    return float(np.count_nonzero(weights)) / (params.pe * params.banks * sum(params.steps))
