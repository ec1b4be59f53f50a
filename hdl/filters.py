"""What engines with filters ask of their parameters and weights, in pure Python."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .dot import Multiplier

Weights = npt.NDArray[np.int64]


def check_groups(out_channels: int, pe: int, groups: int, lanes: int) -> None:
    """Check that filters are computed ``pe`` at a time.

    Parameters
    ----------
    out_channels : int
        Filters.
    pe : int
        Filters computed side by side.
    groups : int
        How often every window is read.
    lanes : int
        Of an output beat.

    Raises
    ------
    ValueError
        If ``pe`` does not divide the filters into ``groups``, or ``lanes`` does not divide ``pe``.
    """
    if out_channels % pe:
        raise ValueError(f"pe must divide the filters ({out_channels}), not {pe}")
    if groups != out_channels // pe:
        raise ValueError(f"groups must be filters / pe ({out_channels // pe}), not {groups}")
    if pe % lanes:
        raise ValueError(f"lanes of the output must divide pe ({pe}), not {lanes}")


def check_shape(weights: Weights, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless weights are (filters, kernel height, kernel width, channels)."""
    if weights.shape != shape:
        raise ValueError(f"weights must be of shape {shape}, not {weights.shape}")


def check_range(weights: Weights, weight_bits: int, multiplier: Multiplier) -> None:
    """Raise ValueError unless weights fit ``weight_bits``, or are −1, 0 and +1 where ternary."""
    half = 1 << (weight_bits - 1)
    check_within(weights, *((-1, 1) if multiplier == "ternary" else (-half, half - 1)))


def check_within(weights: Weights, low: int, high: int) -> None:
    """Raise ValueError unless all weights are within ``low`` … ``high``."""
    if weights.size and (weights.min() < low or weights.max() > high):
        raise ValueError(f"weights must be in {low}…{high}, not {weights.min()}…{weights.max()}")


def negative_counts(weights: Weights, pe: int) -> Weights:
    """Return how many weights of every filter are −1: int64 (filters // pe, pe)."""
    negative = (weights < 0).reshape(len(weights) // pe, pe, -1)
    counts: Weights = np.count_nonzero(negative, axis=2).astype(np.int64)
    return counts


def lane_weights(weights: Weights, pe: int, simd: int) -> Weights:
    """Return what the lanes of every step multiply by: int64 (firings * steps, pe * simd).

    A firing computes ``pe`` neighbouring filters, in steps in the order (ky, kx, word of ``simd``
    inputs). Lane (filter p of the firing, input s) is ``p * simd + s``.

    Parameters
    ----------
    weights : int64 (filters, kernel height, kernel width, inputs of a place)
    pe, simd : int
        Divide the filters and the inputs.
    """
    filters, *kernel, inputs = weights.shape
    lanes: Weights = (
        weights.reshape(filters // pe, pe, *kernel, inputs // simd, simd)
        .transpose(0, 2, 3, 4, 1, 5)
        .reshape(-1, pe * simd)
    )
    return lanes


def bits_of(values: Weights, width: int) -> npt.NDArray[np.uint8]:
    """Return the lowest ``width`` bits of values along a new last axis, the lowest first."""
    return ((values[..., None] >> np.arange(width)) & 1).astype(np.uint8)


def words_of(bits: npt.NDArray[np.uint8]) -> list[int]:
    """Return one number for each row of bits, the first one lowest."""
    packed = np.packbits(bits.reshape(len(bits), -1), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]
