"""Resources of local pooling."""

from __future__ import annotations

from ..cost import Resources
from ..estimate import base_family
from ..window.cost import cost as window_cost
from .params import PoolParams


def cost(params: PoolParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO: window buffer, accumulators."""
    per_bit = 1.0 if base_family(family) == "xc7" else 1.7
    accumulators = Resources(lut=per_bit * params.out.width, ff=params.out.width + 1)
    return window_cost(params.window, family) + accumulators
