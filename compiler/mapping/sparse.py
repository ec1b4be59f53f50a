"""Parameters of the skipping engine: which layers it may compute, with how many banks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...hdl.skipping.params import SkippingParams
from ...hdl.skipping.weights import entries_of, field_bits, steps_of, stored_bits
from ...hdl.window.params import WindowParams
from .divisors import divisors
from .elementwise import beat_of
from .layer import Layer, Setting
from .windowed import SPARE_LANES, STYLES, kernels, multipliers_of, window_of

MOST_NONZERO = 0.6
"""Share of non-zero weights above which skipping cannot pay for its places and indices."""


def skipping_options(
    layer: Layer, lanes: tuple[int, int], interval: int
) -> tuple[SkippingParams, ...]:
    """Return the skipping engines that take at most ``interval`` cycles a frame with few lanes.

    Parameters
    ----------
    layer : Layer
    lanes : (int, int)
        Of the input and output streams; the first must divide the layer's input channels.
    interval : int
        Cycles.

    Returns
    -------
    tuple of SkippingParams
        Empty where no choice is fast enough.
    """
    weights = kernels(layer.op)
    found = [
        (pe, banks, steps)
        for pe, banks, steps in bankings_of(layer, lanes)
        if layer.out.pixels * sum(steps) <= interval
    ]
    fewest = min((pe * banks for pe, banks, _ in found), default=0)
    multipliers, weight_bits = multipliers_of(layer.op)
    options: list[SkippingParams] = []
    for pe, banks, steps in found:
        if pe * banks > SPARE_LANES * fewest:
            continue
        window = window_of(layer.op, layer.source, banks, lanes[0], len(weights) // pe)
        options += [
            SkippingParams(
                window=window,
                out_channels=len(weights),
                pe=pe,
                out=beat_of(layer.out, lanes[1]),
                steps=steps,
                index_bits=_index_bits(layer, window, pe, steps, weight_bits),
                weight_bits=weight_bits,
                multiplier=multiplier,
                weight_style=style,
            )
            for multiplier in multipliers
            for style in STYLES
            if layer.allows(multiplier=multiplier, weight_style=style)
        ]
    return tuple(options)


def skipping_cycles(layer: Layer) -> Iterator[int]:
    """Return the cycles of a frame of every choice that the user leaves open."""
    return (layer.out.pixels * sum(steps) for _, _, steps in bankings_of(layer))


def skipping_settings(layer: Layer) -> dict[str, tuple[Setting, ...]]:
    """Return what users may fix of a skipping engine, with the values that each can have."""
    return {
        "pe": divisors(len(layer.op.weights)),
        "banks": divisors(layer.source.channels),
        "multiplier": multipliers_of(layer.op)[0],
        "weight_style": STYLES,
    }


def worthwhile(layer: Layer) -> bool:
    """Whether enough weights are zero."""
    weights = layer.op.weights
    return int(np.count_nonzero(weights)) <= MOST_NONZERO * weights.size


def bankings_of(
    layer: Layer, lanes: tuple[int, int] = (1, 1)
) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return (pe, banks, steps of every group) of every choice whose lanes fit the streams'."""
    return [
        (pe, banks, _steps(layer, banks, pe, pe // lanes[1]))
        for banks in divisors(layer.source.channels)
        if banks % lanes[0] == 0
        for pe in divisors(len(layer.op.weights))
        if pe % lanes[1] == 0 and layer.allows(pe=pe, banks=banks)
    ]


def _steps(layer: Layer, banks: int, pe: int, burst: int) -> tuple[int, ...]:
    """Return the steps of every group, which a burst lengthens where it is longer."""
    steps = layer.once(
        ("steps", banks, pe), lambda: np.array(steps_of(kernels(layer.op), banks, pe, 1))
    )
    return tuple(np.maximum(steps, burst).tolist())


def _index_bits(
    layer: Layer, window: WindowParams, pe: int, steps: tuple[int, ...], weight_bits: int
) -> int:
    """Return the bits of a word of the index memory."""

    def count() -> int:
        entries = entries_of(window, pe, steps, kernels(layer.op))
        return stored_bits(entries, sum(field_bits(window)) + weight_bits)

    return layer.once(("index bits", window, pe, steps), count)
