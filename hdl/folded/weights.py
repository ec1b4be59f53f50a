"""How the weights of the folded engine lie in its memory, in pure Python."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .params import FoldedParams

Weights = npt.NDArray[np.int64]


def check_weights(params: FoldedParams, weights: Weights) -> None:
    """Refuse weights of another shape or range than the parameters say.

    Raises
    ------
    ValueError
        If the shape is not (filters, kernel height, kernel width, channels), or a weight does not
        fit ``weight_bits`` or is not ternary.
    """
    shape = (params.out_channels, *params.window.kernel, params.window.channels)
    if weights.shape != shape:
        raise ValueError(f"weights must be of shape {shape}, not {weights.shape}")
    half = 1 << (params.weight_bits - 1)
    low, high = (-1, 1) if params.multiplier == "ternary" else (-half, half - 1)
    if weights.size and (weights.min() < low or weights.max() > high):
        raise ValueError(f"weights must be in {low}…{high}, not {weights.min()}…{weights.max()}")


def weight_words(params: FoldedParams, weights: Weights) -> list[int]:
    """Return the words of the weight memory.

    Word ``group * steps + step`` holds what the lanes need for one word of the window, steps in the
    order (ky, kx, word). Lane (filter p of the group, input s) lies in bits
    ``[(p * simd + s) * weight_bits, …)``: two's complement, which for ternary weights of 2 bits
    makes 00 = 0, 01 = +1, 11 = −1.

    Parameters
    ----------
    params : FoldedParams
    weights : int64 (filters, kernel height, kernel width, channels)
    """
    window = params.window
    ordered = (
        weights.reshape(window.groups, params.pe, *window.kernel, window.words, params.simd)
        .transpose(0, 2, 3, 4, 1, 5)
        .reshape(window.groups * window.steps, params.pe * params.simd)
    )
    bits = (ordered[:, :, None] >> np.arange(params.weight_bits)) & 1
    packed = np.packbits(bits.reshape(len(ordered), -1).astype(np.uint8), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def negative_counts(params: FoldedParams, weights: Weights) -> Weights:
    """Return how many weights are −1: int64 (groups, pe)."""
    negative = (weights < 0).reshape(params.window.groups, params.pe, -1)
    counts: Weights = np.count_nonzero(negative, axis=2).astype(np.int64)
    return counts
