"""Parameters of the skipping engine: which layers it may compute, with how many banks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...hdl.skipping.params import SkippingParams
from ...hdl.skipping.weights import entries_of, field_bits, steps_of, stored_bits
from ...hdl.window.params import WindowParams
from ...hdl.window.schedule import trailing
from .divisors import divisors
from .elementwise import beat_of
from .layer import Layer, Setting
from .windowed import SPARE_LANES, STYLES, kernels, multipliers_of, window_of

MOST_PIXELS = 8
"""Windows of a row up to which sharing a stream of indices is looked at."""

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
        (pe, banks, pixels, steps)
        for pe, banks, pixels, steps in bankings_of(layer, lanes)
        if layer.out.pixels // pixels * sum(steps) <= interval
        and (pixels == 1 or _input_cycles(layer, banks, pixels)[lanes[0]] <= interval)
    ]
    # A lane of several pixels is another thing than as many lanes: the few of both are compared.
    fewest: dict[int, int] = {}
    for pe, banks, pixels, _ in found:
        fewest[pixels] = min(pe * banks, fewest.get(pixels, pe * banks))
    multipliers, weight_bits = multipliers_of(layer.op)
    options: list[SkippingParams] = []
    for pe, banks, pixels, steps in found:
        if pe * banks > SPARE_LANES * fewest[pixels]:
            continue
        window = window_of(
            layer.op, layer.source, banks, lanes[0], len(weights) // pe, pixels=pixels
        )
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
    """Return the cycles of a frame of every choice that the user leaves open.

    Those of an input that takes longer than its work only where the user fixed several pixels: a
    single pixel never waits for it.
    """
    for _, banks, pixels, steps in bankings_of(layer):
        work = layer.out.pixels // pixels * sum(steps)
        yield work
        if pixels > 1 and "pixels" in layer.fixed:
            every = _input_cycles(layer, banks, pixels).values()
            yield from (cycles for cycles in every if cycles > work)


def skipping_settings(layer: Layer) -> dict[str, tuple[Setting, ...]]:
    """Return what users may fix of a skipping engine, with the values that each can have."""
    return {
        "pe": divisors(len(layer.op.weights)),
        "banks": divisors(layer.source.channels),
        "pixels": _pixels(layer),
        "multiplier": multipliers_of(layer.op)[0],
        "weight_style": STYLES,
    }


def worthwhile(layer: Layer) -> bool:
    """Whether enough weights are zero."""
    weights = layer.op.weights
    return int(np.count_nonzero(weights)) <= MOST_NONZERO * weights.size


def bankings_of(
    layer: Layer, lanes: tuple[int, int] = (1, 1)
) -> list[tuple[int, int, int, tuple[int, ...]]]:
    """Return (pe, banks, pixels, steps of every group) of every choice that fits the streams."""
    return [
        (pe, banks, pixels, _steps(layer, banks, pe, pixels * pe // lanes[1]))
        for banks in divisors(layer.source.channels)
        if banks % lanes[0] == 0
        for pixels in _pixels(layer)
        for pe in divisors(len(layer.op.weights))
        if pe % lanes[1] == 0 and layer.allows(pe=pe, banks=banks, pixels=pixels)
    ]


def _pixels(layer: Layer) -> tuple[int, ...]:
    """Return how many windows of a row can share a stream of indices."""
    width = layer.out.shape[1] if len(layer.out.shape) == 3 else 1
    return tuple(pixels for pixels in divisors(width) if pixels <= MOST_PIXELS)


def _input_cycles(layer: Layer, banks: int, pixels: int) -> dict[int, int]:
    """Return in how many cycles a frame's input can arrive, by the lanes of its stream."""

    def count() -> dict[int, int]:
        window = window_of(layer.op, layer.source, banks, 1, 1, pixels=pixels)
        behind = trailing(window)
        return {lanes: window.beats // lanes + behind for lanes in divisors(banks)}

    return layer.once(("input cycles", banks, pixels), count)


def _steps(layer: Layer, banks: int, pe: int, beats: int) -> tuple[int, ...]:
    """Return the steps of every group, which its beats lengthen where they are more."""
    steps = layer.once(
        ("steps", banks, pe), lambda: np.array(steps_of(kernels(layer.op), banks, pe, 1))
    )
    return tuple(np.maximum(steps, beats).tolist())


def _index_bits(
    layer: Layer, window: WindowParams, pe: int, steps: tuple[int, ...], weight_bits: int
) -> int:
    """Return the bits of a word of the index memory."""

    def count() -> int:
        entries = entries_of(window, pe, steps, kernels(layer.op))
        return stored_bits(entries, sum(field_bits(window)) + weight_bits)

    return layer.once(("index bits", window, pe, steps), count)
