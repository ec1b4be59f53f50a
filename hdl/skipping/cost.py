"""Resources of the skipping engine."""

from __future__ import annotations

from ...runtime.numerics import clog2
from ..burst_cost import burst_cost
from ..cost import Resources
from ..estimate import (
    base_family,
    counter,
    delay,
    dot_product,
    stored_words,
)
from ..fifo.cost import storage
from ..window.cost import firing_cost
from .params import SkippingParams
from .schedule import READ_CYCLES


def bank(params: SkippingParams, family: str) -> Resources:
    """Return the cost of one bank of the ring."""
    window = params.window
    return storage(window.capacity, window.beat.bits, window.style, family)


def lane(params: SkippingParams, family: str) -> Resources:
    """Return the cost of one lane up to its input: place, padding, what waits for the memory."""
    bits = params.window.beat.bits
    place = clog2(params.window.capacity)
    # The weight waits in registers: its first one is the memory's.
    total = Resources(lut=place, ff=place + bits + 3 * params.weight_bits)
    if params.window.padded:
        xilinx = base_family(family) == "xc7"
        total += Resources(lut=(1 if xilinx else 2) + bits * (0.4 if xilinx else 1.0), ff=2)
    return total


def cost(params: SkippingParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    window = params.window
    lanes = params.pe * params.banks
    xilinx = base_family(family) == "xc7"
    control = firing_cost(window) + counter(max(params.steps) + 1) + counter(sum(params.steps))
    if len(set(params.steps)) > 1:
        inputs = 64 if xilinx else 16
        bits = max(params.steps).bit_length()
        control += counter(len(params.steps)) + Resources(lut=bits * len(params.steps) / inputs)
    control = Resources(lut=control.lut * (0.35 if xilinx else 1.0), ff=control.ff)
    words = sum(params.steps)
    total = control + Resources(ff=banks_word(params)) + delay(2, 3, family)
    if params.index_bits:
        total += stored_words(words, params.index_bits, params.weight_style, family)
    total += (bank(params, family) + lane(params, family)).scaled(lanes)
    total += dot_product(params.dot, family).scaled(params.pe)
    total += delay(2, READ_CYCLES + params.dot.stages + 1, family)
    total += delay(clog2(window.capacity), 3, family)
    if window.padded:
        total += delay(sum(window.kernel), 3, family) + Resources(lut=sum(window.kernel))
    total += burst_cost(params.out.width, params.burst, family)
    if params.multiplier == "ternary":
        total += counter(window.groups) + Resources(lut=6.0 * params.pe)
    return total


def banks_word(params: SkippingParams) -> int:
    """Return the bits of the word that is written into all banks at once."""
    return params.banks * params.window.beat.bits
