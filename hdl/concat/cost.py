"""Resources of the concatenation."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import base_family, counter
from .params import ConcatParams


def cost(params: ConcatParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO: a multiplexer, its register, a counter.

    Beats that are joined are wires.
    """
    inputs = len(params.beats)
    if params.together:
        return Resources(lut=1.0 + inputs // 4)
    # Each input brings a bit and its turn: a LUT of six takes three of these, one of four two.
    each = inputs // 2 if base_family(family) == "xc7" else inputs - 1
    selected = Resources(lut=each * params.out.width, ff=params.out.width)
    return counter(max(params.counts)) + Resources(lut=inputs + 4, ff=inputs + 2) + selected
