"""Resources of the fork."""

from __future__ import annotations

from ..cost import Resources
from .params import ForkParams


def cost(params: ForkParams, family: str) -> Resources:
    """Estimate the resources without the output FIFOs: the wired AND of the handshakes."""
    return Resources(lut=1.0 + params.ways // 4)
