"""How the weights of the folded engine lie in its memory, in pure Python."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..filters import Weights, check_range, check_shape, check_within
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
    window = params.window
    ordered = (
        weights.reshape(window.groups, params.pe, *window.kernel, window.words, params.simd)
        .transpose(0, 2, 3, 4, 1, 5)
        .reshape(window.groups * window.steps, params.pe * params.simd)
    )
    bits = _bits(ordered, params.weight_bits)
    if params.packing is not None:
        # (words, operands, inputs, filters of an operand): what is stored of each in turn.
        count = params.packing.count
        together = ordered.reshape(len(ordered), -1, count, params.simd).swapaxes(2, 3)
        fields = zip(params.packing.fields(together), params.packing.stored, strict=True)
        bits = np.concatenate([_bits(field, width) for field, width in fields], axis=-1)
    packed = np.packbits(bits.reshape(len(ordered), -1), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def _bits(values: Weights, width: int) -> npt.NDArray[np.uint8]:
    """Return the lowest ``width`` bits of values along a new last axis, the lowest first."""
    return ((values[..., None] >> np.arange(width)) & 1).astype(np.uint8)
