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
    held_before,
    stored_words,
)
from ..fifo.cost import places, storage
from ..window.cost import firing_cost
from ..window.schedule import trailing
from .params import SkippingParams
from .schedule import READ_CYCLES, waiting

SHORTEST_SHIFT = 3
"""Registers in a row of which Yosys makes a shift register in LUTs, of 32 places each."""

WEIGHT_REGISTERS = 3
"""Registers in which a weight waits for its element; the first one is the memory's."""

LONG_LISTS = 1.15
"""How many times as large as random words Yosys makes lists of more than 1,024 places in LUTs on
Xilinx: 1.1 and 1.2 in two layers of traffic signs."""


def bank(params: SkippingParams, family: str) -> Resources:
    """Return the cost of one bank of the ring."""
    window = params.window
    return storage(window.capacity, params.pixels * window.beat.bits, window.style, family)


def lane(params: SkippingParams, family: str) -> Resources:
    """Return the cost of one lane up to its input: place, padding, what waits for the memory."""
    bits = params.window.beat.bits
    place = clog2(params.window.capacity)
    each = Resources(ff=bits)
    if params.window.padded:
        xilinx = base_family(family) == "xc7"
        each += Resources(lut=(1 if xilinx else 2) + bits * (0.4 if xilinx else 1.0), ff=2)
    weight = WEIGHT_REGISTERS * params.weight_bits
    return Resources(lut=place, ff=place + weight) + each.scaled(params.pixels)


def cost(params: SkippingParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    window = params.window
    lanes = params.pe * params.banks
    xilinx = base_family(family) == "xc7"
    control = firing_cost(window) + counter(max(params.steps) + 1) + counter(sum(params.steps))
    groups = len(params.steps)
    uneven = len(set(params.steps)) > 1
    if uneven:
        control += counter(groups)
    control = Resources(lut=control.lut * (0.35 if xilinx else 1.0), ff=control.ff)
    # Tables of a number for every group: how long it takes, and how many of its weights are −1.
    tables = int(uneven) + (params.pe if params.multiplier == "ternary" and groups > 1 else 0)
    table = max(params.steps).bit_length() * -(-groups // (64 if xilinx else 16))
    control += Resources(lut=float(tables * table))
    steps = sum(params.steps)
    total = control + Resources(ff=banks_word(params)) + delay(2, 3, family)
    if params.index_bits:
        lists = stored_words(steps, params.index_bits, params.weight_style, family)
        longer = LONG_LISTS if xilinx and steps > 1024 else 1.0
        total += Resources(lists.lut * longer, lists.ff, lists.bram)
    total += (bank(params, family) + lane(params, family)).scaled(lanes)
    total += dot_product(params.dot, family).scaled(params.pe * params.pixels)
    if params.multiplier == "dsp":
        bits = lanes * params.weight_bits
        # Every pixel's DSP48s hold the weights that wait for all of them.
        total += held_before(params.pixels * bits, WEIGHT_REGISTERS * bits, family)
    total += delay(2, READ_CYCLES + params.dot.stages + 1, family)
    total += delay(clog2(window.capacity), 3, family)
    if window.padded:
        masks = window.kernel[0] + params.pixels * window.kernel[1]
        total += delay(masks, 3, family) + Resources(lut=masks)
    width = params.out.width * (params.beats // params.pushes)
    total += burst_cost(width, params.pushes, family)
    total += words(params, family) + counter(1 + trailing(window))
    if params.waits:
        total += results(params, family)
    if params.multiplier == "ternary":
        total += counter(window.groups) + Resources(lut=6.0 * params.pe)
    return total


def words(params: SkippingParams, family: str) -> Resources:
    """Return the cost of the words that wait until they are beside those of the last window."""
    bits, length = banks_word(params), params.window.stride[1] * params.window.words
    shifts = base_family(family) == "xc7" and length >= SHORTEST_SHIFT
    line = Resources(lut=bits * -(-length // 32)) if shifts else Resources(ff=bits * length)
    return line.scaled(params.pixels - 1)


def results(params: SkippingParams, family: str) -> Resources:
    """Return the cost of the ring of results that wait, and of what walks through it."""
    ring, width = waiting(params), params.out.width
    depth = places(ring.depth)
    address = clog2(depth)
    walk = counter(params.out_channels // params.out.lanes) + counter(params.pixels)
    xilinx = base_family(family) == "xc7"
    way = width * (params.pixels / 3 if xilinx else params.pixels - 1)
    control = Resources(lut=walk.lut + 5 * address + 4, ff=walk.ff + 4 * address + 8)
    control += Resources(lut=way, ff=width)
    return control + storage(depth, ring.width, ring.style, family)


def banks_word(params: SkippingParams) -> int:
    """Return the bits of the word that is written into all banks at once."""
    return params.banks * params.window.beat.bits
