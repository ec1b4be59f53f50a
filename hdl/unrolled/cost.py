"""Resources of the unrolled engine, fitted to what Yosys makes of it."""

from __future__ import annotations

from ..burst_cost import SELECTED, burst_cost
from ..cost import Resources
from ..estimate import base_family, counter
from ..fifo.cost import model as fifo_model
from ..fifo.cost import storage
from .params import PLANES, UnrolledParams


def cost(params: UnrolledParams, family: str) -> Resources:
    """Estimate the resources without the output FIFO."""
    total = window(params, family) + control(params, family)
    if params.digit:
        return total + serial(params, family)
    return total + parallel(params, family) + burst_cost(params.out.width, params.burst, family)


def window(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of packed pixels, FIFO, line buffer and window registers.

    Nothing where a pixel is read in planes.
    """
    if params.planes:
        return Resources()
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
        + counter(1 if params.paced else params.duration)
        + counter(1 if params.planes else params.digits)
        + Resources(lut=20, ff=20 + params.depth)
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
    xilinx = base_family(family) == "xc7"
    if params.operands > 2:
        adders, registers = size.cells + size.negated, size.cell_registers
        # Three tables make a bit of a sum of four, and two bits that are carried on.
        logic, carries = 2.1 * adders + size.wide, adders + size.wide
    else:
        adders, registers = size.adders + size.negated, size.registers
        if digit == 1:
            each = 2.0
        elif xilinx:
            each = float(digit)
        else:
            # The carry leaves through one more bit of the chain.
            each = 2.0 * -(-(digit + 1) // 2) + 1.0
        logic, carries = adders * each, adders
    network = Resources(lut=logic, ff=digit * registers + carries + 2 * size.shifted)
    return network + reading(params, family) + collecting(params, family)


def reading(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of reading digits of all inputs."""
    if params.planes:
        return planes(params, family)
    size, digit = params.size, params.digit
    inside = -(-params.window.beat.bits // digit)
    # A multiplexer of all digits, for every bit of one.
    each = (inside - 1) / (3 if base_family(family) == "xc7" else 1.3) + 0.5
    return Resources(lut=size.inputs * digit * (each if inside > 1 else 1), ff=digit * size.inputs)


def planes(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of reading a pixel beat by beat: merges, and registers of every block."""
    beat, count, before = params.window.beat, params.planes, 1
    # Fewer bits of an input than digits have are followed by zeros or copies of the sign.
    digit = min(params.digit, beat.bits)
    bits = min(count * digit, beat.bits)
    # Every plane is a cycle late, and so are the bits that say when it comes.
    total = Resources(ff=beat.lanes * bits * (count + 1) // 2 + 6 * count)
    for level, block in enumerate(params.blocks):
        runs = -(-count // PLANES**level)
        # Of what goes through the same registers some is read, if only few inputs are.
        read = 1 - (1 - params.size.inputs / params.window.channels) ** (params.blocks[-1] / block)
        channels = beat.lanes * block * read
        full, rest = divmod(runs, PLANES)
        merged = full * either(PLANES, family) + either(rest, family)
        total += Resources(
            lut=channels * digit * merged if runs > 1 else 0.0,
            ff=channels * ((block - before) / block * bits + min(runs * digit, bits)),
        )
        before = block
    return total


def collecting(params: UnrolledParams, family: str) -> Resources:
    """Return the cost of sums that are whole again, and of their burst."""
    digit, digits, beats, out = params.digit, params.digits, params.burst, params.out
    late = out.lanes * digit * beats * (beats - 1) // 2
    if params.regrouped:
        groups = -(-digits // PLANES)
        selected = PLANES * groups * either(beats // PLANES, family)
        waits = PLANES * sum(digits - PLANES * group for group in range(1, groups))
        registers = beats * groups + 2 * PLANES * digits + waits
        return Resources(
            lut=out.lanes * digit * (selected + digits * either(PLANES, family)),
            ff=late + out.lanes * digit * registers + 2 * beats + 3 * digits + 12,
        )
    whole = params.out_channels * digit * digits
    if not 1 < beats <= SELECTED:
        return Resources(ff=whole) + burst_cost(out.width, beats, family)
    bits = min(out.bits, digit * digits)
    return Resources(
        lut=out.lanes * bits * either(beats, family),
        ff=whole + params.out_channels * bits + late + beats + 2,
    )


def either(count: int, family: str) -> float:
    """Return the tables of a sum of so many bits of which at most one is 1."""
    return -(-(count - 1) // (5 if base_family(family) == "xc7" else 3))
