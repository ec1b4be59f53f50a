"""Resources of the credit FIFO, and what its storage is best made of."""

from __future__ import annotations

from ...runtime.numerics import clog2
from ..cost import Resources
from ..estimate import base_family
from ..fitted import corrected
from ..memories import blocks, fills_m10k, lut_ram_places, ram_is_block
from .params import FifoParams, FifoStyle

TINY_FIFO = 4
"""Places up to which registers are no larger than LUT RAM where there is none."""


def places(depth: int) -> int:
    """Return the places of the ring for a logical depth: a power of two, at least 2."""
    return 1 << max(1, clog2(depth))


def lut_ram(depth: int, width: int, family: str) -> Resources:
    """Return the cost of a LUT RAM with a registered output.

    Four LUTs hold 32 × 6 or 64 × 3 bits on Xilinx and, as two RAM slices, 16 × 4 bits on ECP5;
    deeper ones are several with a multiplexer. One ALM of Cyclone V holds 32 × 2 bits.
    """
    if base_family(family) == "xc7":
        if depth <= 32:
            return Resources(lut=4 * -(-width // 6), ff=width)
        banks = -(-depth // 64)
        return Resources(lut=4 * -(-width // 3) * banks + width * ((banks - 1) / 3), ff=width)
    if family == "cyclonev":
        banks = -(-depth // 32)
        return Resources(lut=width * (2 * banks - 1), ff=width)
    banks = -(-depth // 16)
    return Resources(lut=4 * -(-width // 4) * banks + width * (banks - 1), ff=width)


def registers(depth: int, width: int, family: str) -> Resources:
    """Return the cost of a memory made of flip-flops, with a registered output."""
    inputs = 4 if base_family(family) == "xc7" else 2
    return Resources(lut=width * max(1, depth / inputs) + depth, ff=(depth + 1) * width)


def storage(depth: int, width: int, style: FifoStyle, family: str) -> Resources:
    """Return the cost of a memory with one write and one synchronous read port."""
    if ram_is_block(depth, width, style, family):
        return Resources(bram=blocks(depth, width, family))
    if style == "registers" or family == "ice40":
        return registers(depth, width, family)
    return lut_ram(depth, width, family)


def kind(params: FifoParams) -> str:
    """Return the name under which the cost of such a FIFO is fitted."""
    return f"fifo.{params.style}"


def cost(params: FifoParams, family: str) -> Resources:
    """Estimate the resources of a FIFO: its storage, three pointers, the count of free places."""
    return corrected(model(params, family), kind(params), family)


def model(params: FifoParams, family: str) -> Resources:
    """Estimate the resources likewise, before the fit corrects them."""
    ring = places(params.depth)
    pointer, free = clog2(ring) + 1, clog2(params.depth) + 2
    each = 0.7 if base_family(family) == "xc7" else 1.0
    control = Resources(lut=each * (4.5 * pointer + 1.5 * free), ff=3 * pointer + free + 1)
    return storage(ring, params.width, params.style, family) + control


def choose_style(depth: int, width: int, family: str) -> FifoStyle:
    """Return the cheapest storage of a FIFO.

    LUT RAM while it is shallow or a block RAM would be mostly empty; families without LUT RAM
    have registers for a few places.
    """
    ring = places(depth)
    if family == "cyclonev" and ring > TINY_FIFO:
        # Yosys asks nothing else; Quartus does as it is told.
        return "block" if fills_m10k(ring, width) else "distributed"
    if not lut_ram_places(family):
        return "registers" if ring <= TINY_FIFO else "block"
    shallow = 64 if base_family(family) == "xc7" else 32
    return "distributed" if ring <= shallow or ring * width <= 1024 else "block"
