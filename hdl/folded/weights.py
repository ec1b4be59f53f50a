"""How the weights of the folded engine lie in its memory, in pure Python."""

from __future__ import annotations

import numpy as np

from ..filters import Weights, check_range, check_shape
from .params import FoldedParams


def check_weights(params: FoldedParams, weights: Weights) -> None:
    """Refuse weights of another shape or range than the parameters say.

    Raises
    ------
    ValueError
        If the shape is not (filters, kernel height, kernel width, channels), or a weight does not
        fit ``weight_bits`` or is not ternary.
    """
    check_shape(weights, (params.out_channels, *params.window.kernel, params.window.channels))
    check_range(weights, params.weight_bits, params.multiplier)


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
