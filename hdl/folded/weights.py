"""How the weights of the folded engine lie in its memory, in pure Python."""

from __future__ import annotations

import numpy as np

from ..filters import (
    Weights,
    bits_of,
    check_range,
    check_shape,
    check_within,
    lane_weights,
    words_of,
)
from .params import FoldedParams


def check_weights(params: FoldedParams, weights: Weights) -> None:
    """Refuse weights of another shape or range than the parameters say.

    Raises
    ------
    ValueError
        If the shape is not (filters, kernel height, kernel width, channels), or a weight does not
        fit ``weight_bits``, is not ternary or is not within the range of its packing.
    """
    check_shape(weights, (params.out_channels, *params.window.kernel, params.window.channels))
    check_range(weights, params.weight_bits, params.dot.multiplier)
    if params.packing is not None:
        check_within(weights, params.packing.low, params.packing.high)


def weight_words(params: FoldedParams, weights: Weights) -> list[int]:
    """Return the words of the weight memory.

    Word ``group * steps + step`` holds what the lanes need for one word of the window, steps in the
    order (ky, kx, word). Lane (filter p of the group, input s) lies in bits
    ``[(p * simd + s) * weight_bits, …)``: two's complement, which for ternary weights of 2 bits
    makes 00 = 0, 01 = +1, 11 = −1. Where weights are packed, lane (operand q of the group, input s)
    holds the weights of ``packing.count`` neighbouring filters in ``sum(packing.stored)`` bits.

    Parameters
    ----------
    params : FoldedParams
    weights : int64 (filters, kernel height, kernel width, channels)
    """
    ordered = lane_weights(weights, params.pe, params.simd)
    bits = bits_of(ordered, params.weight_bits)
    if params.packing is not None:
        # (words, operands, inputs, filters of an operand): what is stored of each in turn.
        count = params.packing.count
        together = ordered.reshape(len(ordered), -1, count, params.simd).swapaxes(2, 3)
        fields = zip(params.packing.fields(together), params.packing.stored, strict=True)
        bits = np.concatenate([bits_of(field, width) for field, width in fields], axis=-1)
    return words_of(bits)
