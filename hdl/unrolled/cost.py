"""Resources of the unrolled engine, fitted to what Yosys makes of it."""

from __future__ import annotations

from ..burst_cost import burst_cost
from ..cost import Resources
from ..estimate import base_family, counter
from ..fifo.cost import model as fifo_model
from ..fifo.cost import storage
from .params import UnrolledParams


def cost(params: UnrolledParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    total = window(params, family) + control(params, family)
    total += serial(params, family) if params.digit else parallel(params, family)
    total += burst_cost(params.out.width, params.burst, family)
    return total


def window(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of packed pixels, FIFO, line buffer and window registers."""
    shape = params.window
    pixel = shape.channels * shape.beat.bits
    used = params.size.inputs * shape.beat.bits
    columns = shape.dilation[1] * (shape.kernel[1] - 1)
    total = Resources(ff=pixel + pixel * columns * shape.kernel[0] + used)
    if params.places:
        total += fifo_model(params.fifo, family) + Resources(ff=pixel - shape.beat.width)
    if params.lines:
        total += lines(params, family)
    if shape.padded and shape.pad_value:
        # A set or reset of each register, and its condition.
        total += Resources(lut=2.0 * shape.kernel[0] * shape.kernel[1])
    return total


def lines(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of the line buffer's memory."""
    width, bits = params.window.width, params.window.channels * params.window.beat.bits
    bits *= params.lines
    if width == 1:
        return Resources(ff=bits)
    return storage(width, bits, params.line_style, family)


def control(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of the counters of steps, windows and firings."""
    shape = params.window
    counters = (
        counter(shape.channels // shape.beat.lanes)
        + counter(shape.height * shape.width)
        + counter(shape.out_width)
        + counter(shape.out_height)
        + counter(max(1, params.lines and shape.width))
        + counter(params.duration)
        + counter(params.digits)
        + Resources(lut=20, ff=20 + params.size.depth)
    )
    return Resources(counters.lut * (0.6 if base_family(family) == "xc7" else 1.0), counters.ff)


def parallel(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of adders that compute whole sums."""
    size = params.size
    each = 0.92 if base_family(family) == "xc7" else 1.06
    return Resources(lut=each * (size.adder_bits + size.negated_bits), ff=size.register_bits)


def serial(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of reading digits, of adders as wide as one, and of collecting them."""
    size, digit = params.size, params.digit
    adders = size.adders + size.negated
    xilinx = base_family(family) == "xc7"
    inside = -(-params.window.beat.bits // digit)
    # A multiplexer of all digits, for every bit of one.
    reading = digit * (1.0 if inside == 1 else (inside - 1) / (3 if xilinx else 1.3) + 0.5)
    if digit == 1:
        each = 2.0
    elif xilinx:
        each = float(digit)
    else:
        # The carry leaves through one more bit of the chain.
        each = 2.0 * -(-(digit + 1) // 2) + 1.0
    collected = params.out_channels * digit * params.digits
    return Resources(
        lut=adders * each + size.inputs * reading,
        ff=digit * (size.registers + size.inputs) + adders + collected + 2 * size.shifted,
    )
