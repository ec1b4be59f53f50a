"""Resources of the window buffer."""

from __future__ import annotations

from ...runtime.numerics import clog2
from ..cost import Resources
from ..estimate import base_family, counter
from ..fifo.cost import storage
from .params import WindowParams


def ring(params: WindowParams, family: str) -> Resources:
    """Return the cost of the ring memory."""
    return storage(params.capacity, params.lanes * params.beat.bits, params.style, family)


def firing_cost(params: WindowParams) -> Resources:
    """Estimate the counters of writing and of firings and their sums, in LUTs of 4 inputs."""
    address = clog2(params.capacity)
    counters = (
        counter(params.lanes // params.beat.lanes)
        + counter(params.groups)
        + counter(params.sets)
        + counter(params.out_height)
    )
    return counters + Resources(lut=12 * address + 20, ff=6 * address + 12)


def cost(params: WindowParams, family: str) -> Resources:
    """Estimate the resources: ring, word registers, counters, addresses, places of the padding."""
    width = params.lanes * params.beat.bits
    address = clog2(params.capacity)
    walk = (
        counter(params.kernel[0])
        + counter(params.kernel[1])
        + counter(params.block_words)
        + counter(params.steps)
    )
    control = firing_cost(params) + walk + Resources(lut=2 * address, ff=2 * address + 2)
    if params.padded:
        places = clog2(params.height) + clog2(params.width) + 4
        control += Resources(lut=4 * places, ff=3 * places)
    xilinx = base_family(family) == "xc7"
    control = Resources(lut=control.lut * (0.6 if xilinx else 1.0), ff=control.ff)
    padding = (0.4 if xilinx else 1.0) * width if params.padded else 0.0
    return ring(params, family) + control + Resources(lut=padding, ff=2 * width)
