"""Resources of the stream width converter."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import counter
from .params import WidthParams


def cost(params: WidthParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO: a shift register of the wider beat."""
    if params.ratio == 1:
        return Resources(lut=1)
    if params.narrowing:
        shifted = params.beat.width - params.out.width
        return counter(params.ratio) + Resources(lut=shifted + 3, ff=params.beat.width + 1)
    return counter(params.ratio) + Resources(lut=3, ff=params.out.width - params.beat.width)
