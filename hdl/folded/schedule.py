"""When the folded engine takes and gives beats."""

from __future__ import annotations

from ...runtime.numerics import clog2
from ..arithmetic import Product
from ..schedule import Schedule
from ..window.schedule import WORD_LATENCY, window_schedule
from .params import FoldedParams


def product_of(params: FoldedParams) -> Product:
    """Return the plan of one lane's product; the style ``dsp`` stands for ``ternary`` too."""
    return Product(
        a_bits=params.window.beat.bits,
        a_signed=params.window.beat.signed,
        b_bits=params.weight_bits,
        b_signed=True,
        style="lut" if params.multiplier == "lut" else "dsp",
    )


def sum_stages(params: FoldedParams) -> int:
    """Return the registers from a word of the window to the sum of its products."""
    product = 0 if params.multiplier == "ternary" else product_of(params).stages
    return product + clog2(params.simd)


def latency(params: FoldedParams) -> int:
    """Return the cycles from the start of a firing to the push of its first beat.

    The last word, the sum of its products, the accumulator, and where a firing gives several
    beats the register that holds them.
    """
    hold = 1 if params.burst > 1 else 0
    return WORD_LATENCY + params.window.steps - 1 + sum_stages(params) + 1 + hold


def schedule(params: FoldedParams) -> Schedule:
    """Return the schedule: a firing computes one group of filters for one window."""
    return window_schedule(
        params.window, duration=params.duration, gives=params.burst, latency=latency(params)
    )
