"""Parameters of the unrolled engine: which layers it may compute, with which digits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from ...hdl.unrolled.digits import ones
from ...hdl.unrolled.params import UnrolledParams, most_operands
from ...hdl.unrolled.size import (
    NetworkSize,
    code_range,
    network_of,
    pipeline_of,
    size_of,
    sum_bits,
)
from ...hdl.unrolled.steps import frame_cycles, out_of_order, steps
from .elementwise import beat_of
from .layer import Layer, Setting
from .windowed import is_ternary, kernels, multipliers_of, window_of

DIGITS = (0, 4, 2, 1)
"""Bits of a sum that are computed in a cycle; 0 computes whole sums."""

ROW_NS: Mapping[str, float] = {"ecp5": 6.0}
"""Nanoseconds of an adder in a row and of the wires to it, by family, with some to spare: in a
circuit that fills half of an ULX3S 85F nextpnr reports no path above 10.3 with two. Elsewhere every
adder has a register, as the other engines'."""

LEVELS = (1, 2, 3, 4)
"""Adders in a row that a user may choose."""

MOST_DIGITS = {True: 12_000, False: 4_000}
"""Signed digits of ternary and of other weights beyond which search and synthesis take long."""

ADDERS = 0.45
"""Adders per signed digit of the weights, where about half of them are shared."""

ADDER = 12.0
"""LUTs of an adder of whole sums."""

LANES = {True: 12.0, False: 60.0}
"""LUTs of a lane of another engine, or what a DSP block stands for, by whether it is ternary."""

LEAST_ADDER = 3.0
"""LUTs of an adder of one bit with its share of what reads and collects digits."""

NEARLY = 4.0
"""How dear an estimate may be, in parts of folded lanes, to be looked at: neither of the two is
better known, and lanes must divide what they compute."""


def unrolled_options(
    layer: Layer, lanes: tuple[int, int], interval: int
) -> tuple[UnrolledParams, ...]:
    """Return the unrolled engines that take at most ``interval`` cycles a frame.

    Parameters
    ----------
    layer : Layer
    lanes : (int, int)
        Of the input and output streams.
    interval : int
        Cycles.

    Returns
    -------
    tuple of UnrolledParams
        Empty where the layer is refused, or no choice is fast enough.
    """
    if unrolled_refusal(layer) is not None:
        return ()
    window = window_of(layer.op, layer.source, layer.source.channels, lanes[0], 1)
    waiting = 2 + steps(window) - window.height * window.width
    options: list[UnrolledParams] = []
    for digit in digits_within(layer):
        burst = len(layer.op.weights) // lanes[1]
        duration = max(_cycles_of(layer, digit), burst)
        for places in (0, waiting) if waiting > 2 else (0,):
            fast = frame_cycles(window, duration, bool(places)) <= interval
            if fast and layer.allows(digit=digit):
                options.append(
                    UnrolledParams(
                        window=window,
                        out_channels=len(layer.op.weights),
                        out=beat_of(layer.out, lanes[1]),
                        digit=digit,
                        operands=most_operands(digit, layer.family),
                        places=places,
                        levels=levels_of(layer),
                        weight_bits=multipliers_of(layer.op)[1],
                        nonzeros=int(np.count_nonzero(layer.op.weights)),
                        size=_size(layer),
                    )
                )
    return tuple(options)


def unrolled_cycles(layer: Layer) -> Iterator[int]:
    """Return the cycles of a frame with every digit, from whole pixels to one lane a stream."""
    filters, channels = len(layer.op.weights), layer.source.channels
    durations = {
        max(_cycles_of(layer, digit), burst)
        for digit in digits_within(layer)
        if layer.allows(digit=digit)
        for burst in (1, filters)
    }
    return (
        frame_cycles(window_of(layer.op, layer.source, channels, lanes, 1), duration, waiting)
        for lanes, waiting in ((channels, True), (1, True), (1, False))
        for duration in sorted(durations)
    )


def unrolled_settings(layer: Layer) -> dict[str, tuple[Setting, ...]]:
    """Return what users may fix of an unrolled engine, with the values that each can have."""
    return {"digit": digits_within(layer), "levels": LEVELS}


def levels_at(family: str, clock_mhz: float) -> int:
    """Return how many adders in a row, of at most four, have time between two registers.

    Registers that the clock does not need cost flip-flops and wires, and wires are what a large
    network of adders runs out of first.
    """
    row = ROW_NS.get(family, math.inf)
    return max(1, min(LEVELS[-1], int(1e3 / clock_mhz / row)))


def levels_of(layer: Layer) -> int:
    """Return the adders in a row that the user chose, or else those that the clock leaves."""
    return int(layer.fixed.get("levels", layer.levels))


def digits_within(layer: Layer) -> tuple[int, ...]:
    """Return the widths of digits that a layer's sums can be computed in."""
    return tuple(digit for digit in DIGITS if digit <= layer.out.bits)


def unrolled_refusal(layer: Layer) -> str | None:
    """Say why the adders of a layer cannot be made one by one; None if they can."""
    most = MOST_DIGITS[is_ternary(layer.op.weights)]
    digits = digits_of(layer)
    if digits > most:
        return f"its weights must have at most {most:,} signed digits for that, not {digits:,}"
    channels = layer.source.channels
    return out_of_order(window_of(layer.op, layer.source, channels, channels, 1))


def comparable(layer: Layer, interval: int) -> bool:
    """Whether adders could be cheaper than lanes, before the network is known."""
    cycles = max(1.0, interval / layer.out.pixels)
    unrolled = ADDERS * digits_of(layer) * max(LEAST_ADDER, ADDER / cycles)
    lanes = max(1.0, layer.op.weights.size / cycles)
    return unrolled <= NEARLY * lanes * LANES[is_ternary(layer.op.weights)]


def digits_of(layer: Layer) -> int:
    """Return the digits of all weights, written with the fewest −1, 0 and +1."""

    def count() -> int:
        codes = np.abs(kernels(layer.op))
        # 3x ^ x has a bit wherever the signed digits of x have one (Reitwiesner, 1960).
        return int(ones((codes * 3 ^ codes).reshape(1, -1).astype(np.uint64))[0])

    return layer.once("signed digits", count)


def _matrix(layer: Layer) -> npt.NDArray[np.int64]:
    return kernels(layer.op).reshape(len(layer.op.weights), -1)


def _cycles_of(layer: Layer, digit: int) -> int:
    """Return the cycles of a window's sums."""
    if not digit:
        return 1
    beat = beat_of(layer.source, 1)
    bits = layer.once(
        "sum bits", lambda: sum_bits(_matrix(layer), *code_range(beat.bits, beat.signed))
    )
    return -(-min(bits, layer.out.bits) // digit)


def _size(layer: Layer) -> NetworkSize:
    """Return the counts of the layer's network, which is searched for once."""

    def search() -> NetworkSize:
        beat = beat_of(layer.source, 1)
        network = network_of(kernels(layer.op), beat.bits, beat.signed)
        return size_of(pipeline_of(network, beat.bits, beat.signed, levels_of(layer)))

    return layer.once("adder network", search)
