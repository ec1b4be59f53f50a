"""Parameters of the grouped engine: convolutions whose filters see a group of channels each."""

from __future__ import annotations

from collections.abc import Iterator

from ...hdl.grouped.params import GroupedParams
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from .divisors import divisors
from .elementwise import beat_of
from .layer import Layer, Setting
from .windowed import SPARE_LANES, STYLES, multipliers_of, window_of


def is_grouped(layer: Layer) -> bool:
    """Whether the filters of a layer see a group of its channels each."""
    return isinstance(layer.op, Conv) and layer.op.groups > 1


def grouped_options(
    layer: Layer, lanes: tuple[int, int], interval: int
) -> tuple[GroupedParams, ...]:
    """Return the foldings that take at most ``interval`` cycles a frame with few lanes.

    Parameters
    ----------
    layer : Layer
        For which ``is_grouped`` holds.
    lanes : (int, int)
        Of the input and output streams.
    interval : int
        Cycles.

    Returns
    -------
    tuple of GroupedParams
        With every kind of multiplier and weight memory; empty where no folding is fast enough.
    """
    op = layer.op
    multipliers, weight_bits = multipliers_of(op)
    filters, groups = len(op.weights), _groups(op)
    foldings = [
        (pe, simd)
        for pe, simd, cycles in groupings_of(layer, lanes)
        if cycles <= interval and layer.allows(pe=pe, simd=simd)
    ]
    fewest = min((pe * simd for pe, simd in foldings), default=0)
    options: list[GroupedParams] = []
    for pe, simd in foldings:
        if pe * simd > SPARE_LANES * fewest:
            continue
        side = max(1, pe * groups // filters)
        window = window_of(
            op, layer.source, side * simd, lanes[0], filters // pe, blocks=groups // side
        )
        options += [
            GroupedParams(
                window=window,
                channel_groups=groups,
                out_channels=filters,
                pe=pe,
                out=beat_of(layer.out, lanes[1]),
                weight_bits=weight_bits,
                multiplier=multiplier,
                weight_style=style,
            )
            for multiplier in multipliers
            for style in STYLES
            if layer.allows(multiplier=multiplier, weight_style=style)
        ]
    return tuple(options)


def grouped_cycles(layer: Layer) -> Iterator[int]:
    """Return the cycles of a frame of every folding that the user leaves open."""
    return (cycles for pe, simd, cycles in groupings_of(layer) if layer.allows(pe=pe, simd=simd))


def grouped_settings(layer: Layer) -> dict[str, tuple[Setting, ...]]:
    """Return what users may fix of a folding, with the values that each can have."""
    return {
        "pe": tuple(sorted({pe for pe, _, _ in groupings_of(layer)})),
        "simd": divisors(layer.op.weights.shape[-1]),
        "multiplier": multipliers_of(layer.op)[0],
        "weight_style": STYLES,
    }


def groupings_of(layer: Layer, lanes: tuple[int, int] = (1, 1)) -> list[tuple[int, int, int]]:
    """Return (pe, simd, cycles of a frame) of every folding whose lanes fit the streams'.

    A part of one group at a time, or several whole groups.
    """
    op, groups = layer.op, _groups(layer.op)
    filters, depth = len(op.weights), op.weights.shape[-1]
    kernel = op.weights[0, ..., 0].size
    own = filters // groups
    parts = [(1, pe, simd) for pe in divisors(own) for simd in divisors(depth)]
    whole = [(side, side * own, depth) for side in divisors(groups)[1:]]
    return [
        (
            pe,
            simd,
            layer.out.pixels * (filters // pe) * max(kernel * depth // simd, pe // lanes[1]),
        )
        for side, pe, simd in parts + whole
        if side * simd % lanes[0] == 0 and pe % lanes[1] == 0
    ]


def _groups(op: Conv | Dense) -> int:
    return op.groups if isinstance(op, Conv) else 1
