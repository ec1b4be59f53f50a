"""How the weights of the grouped engine lie in its memory, in pure Python."""

from __future__ import annotations

from ..filters import Weights, bits_of, check_range, check_shape, lane_weights, words_of
from .params import GroupedParams


def check_weights(params: GroupedParams, weights: Weights) -> None:
    """Refuse weights of another shape or range than the parameters say.

    Raises
    ------
    ValueError
        If the shape is not (filters, kernel height, kernel width, channels of a group), or a weight
        does not fit ``weight_bits`` or is not ternary.
    """
    depth = params.window.channels // params.channel_groups
    check_shape(weights, (params.out_channels, *params.window.kernel, depth))
    check_range(weights, params.weight_bits, params.multiplier)


def weight_words(params: GroupedParams, weights: Weights) -> list[int]:
    """Return the words of the weight memory.

    Word ``firing * steps + step`` holds what the lanes need for one word of the window: firings in
    the order of the filters, steps in the order (ky, kx, word of the group). Lane (filter p of the
    firing, input s) lies in bits ``[(p * simd + s) * weight_bits, …)``: two's complement, which for
    ternary weights of 2 bits makes 00 = 0, 01 = +1, 11 = −1.

    Parameters
    ----------
    params : GroupedParams
    weights : int64 (filters, kernel height, kernel width, channels of a group)
    """
    return words_of(bits_of(lane_weights(weights, params.pe, params.simd), params.weight_bits))
