"""Parameters of the units with a kernel: convolution, dense, local and global pooling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ...hdl.dot import Multiplier
from ...hdl.folded.params import FoldedMultiplier, FoldedParams
from ...hdl.globalpool.params import GlobalPoolParams
from ...hdl.memory import RomStyle
from ...hdl.packing import Packing, packing_of
from ...hdl.pool.params import PoolParams
from ...hdl.window.params import WindowParams
from ...runtime.numerics import bits_for
from ...runtime.ops.base import IntArray, TensorType
from ...runtime.ops.conv import Conv
from ...runtime.ops.dense import Dense
from ...runtime.ops.maxpool import MaxPool
from ...runtime.ops.sumpool import SumPool
from .divisors import divisors
from .elementwise import beat_of
from .layer import Layer, Setting

SPARE_LANES = 1.5
"""Foldings with more lanes than this times the fewest are not looked at."""

STYLES: tuple[RomStyle, ...] = ("block", "distributed")


def kernels(op: Conv | Dense) -> npt.NDArray[np.int64]:
    """Return weights as (filters, rows, columns, channels); Dense is a 1×1 kernel on one pixel."""
    weights = op.weights.astype(np.int64, copy=False)
    return weights if weights.ndim == 4 else weights[:, None, None, :]


def is_ternary(weights: IntArray) -> bool:
    """Whether all weights are −1, 0 or +1."""
    return bool((np.abs(weights) <= 1).all())


def folded_options(layer: Layer, lanes: tuple[int, int], interval: int) -> tuple[FoldedParams, ...]:
    """Return the foldings that take at most ``interval`` cycles a frame with few lanes.

    Parameters
    ----------
    layer : Layer
    lanes : (int, int)
        Of the input and output streams; the first must divide the layer's input channels.
    interval : int
        Cycles.

    Returns
    -------
    tuple of FoldedParams
        With every kind of multiplier and weight memory; empty where no folding is fast enough.
    """
    op, out = layer.op, layer.out
    weight_bits = multipliers_of(op)[1]
    found = [
        (pe, simd, multiplier, packing)
        for pe, simd, cycles in foldings_of(op, out.pixels, lanes)
        if cycles <= interval and layer.allows(pe=pe, simd=simd)
        for multiplier, packing in _multipliers(layer, pe, simd)
        if layer.allows(multiplier=multiplier)
    ]
    # Not every folding can pack its weights: those that can are compared with each other.
    fewest = {
        shared: min((pe * simd for pe, simd, _, p in found if (p is not None) == shared), default=0)
        for shared in (False, True)
    }
    return tuple(
        FoldedParams(
            window=window_of(op, layer.source, simd, lanes[0], len(op.weights) // pe),
            out_channels=len(op.weights),
            pe=pe,
            out=beat_of(out, lanes[1]),
            weight_bits=weight_bits,
            multiplier=multiplier,
            weight_style=style,
            packing=packing,
        )
        for pe, simd, multiplier, packing in found
        if pe * simd <= SPARE_LANES * fewest[packing is not None]
        for style in STYLES
        if layer.allows(weight_style=style)
    )


def folded_cycles(layer: Layer) -> Iterator[int]:
    """Return the cycles of a frame of every folding that the user leaves open."""
    return (
        cycles
        for pe, simd, cycles in foldings_of(layer.op, layer.out.pixels)
        if layer.allows(pe=pe, simd=simd)
        and any(layer.allows(multiplier=kind) for kind, _ in _multipliers(layer, pe, simd))
    )


def folded_settings(layer: Layer) -> dict[str, tuple[Setting, ...]]:
    """Return what users may fix of a folding, with the values that each can have.

    Weights are packed where some number of filters side by side saves multiplier blocks of the
    board's family.
    """
    pe = divisors(len(layer.op.weights))
    kinds = (kind for one in pe for kind, _ in _multipliers(layer, one, 1))
    return {
        "pe": pe,
        "simd": divisors(layer.source.channels),
        "multiplier": tuple(dict.fromkeys(kinds)),
        "weight_style": STYLES,
    }


def _multipliers(
    layer: Layer, pe: int, simd: int
) -> tuple[tuple[FoldedMultiplier, Packing | None], ...]:
    """Return what can multiply in a folding, with the packing of weights where there is one."""
    kinds = layer.once("multipliers", lambda: multipliers_of(layer.op)[0])
    plain: tuple[tuple[FoldedMultiplier, None], ...] = tuple((kind, None) for kind in kinds)
    if layer.family is None or kinds == ("ternary",):
        return plain
    low, high = layer.once(
        "range", lambda: (int(layer.op.weights.min()), int(layer.op.weights.max()))
    )
    beat = beat_of(layer.source, 1)
    packing = packing_of(low, high, beat.bits, beat.signed, pe, simd, layer.family)
    return plain if packing is None else (*plain, ("packed", packing))


def foldings_of(
    op: Conv | Dense, pixels: int, lanes: tuple[int, int] = (1, 1)
) -> list[tuple[int, int, int]]:
    """Return (pe, simd, cycles of a frame) of every folding whose lanes fit the streams'."""
    filters, channels = len(op.weights), op.weights.shape[-1]
    kernel = op.weights[0, ..., 0].size
    return [
        (pe, simd, pixels * (filters // pe) * max(kernel * channels // simd, pe // lanes[1]))
        for pe in divisors(filters)
        if pe % lanes[1] == 0
        for simd in divisors(channels)
        if simd % lanes[0] == 0
    ]


def multipliers_of(op: Conv | Dense) -> tuple[tuple[Multiplier, ...], int]:
    """Return what can multiply by a layer's weights, and their width in bits."""
    if is_ternary(op.weights):
        return ("ternary",), 2
    return ("dsp", "lut"), bits_for(min(-1, int(op.weights.min())), int(op.weights.max()))


def window_of(
    op: Conv | Dense,
    source: TensorType,
    lanes: int,
    beat_lanes: int,
    groups: int,
    blocks: int = 1,
    pixels: int = 1,
) -> WindowParams:
    """Return the window buffer of a layer: words of ``lanes`` channels, ``groups`` firings.

    Channels are read in ``blocks``, ``pixels`` windows side by side.
    """
    if isinstance(op, Dense):
        height, width = 1, 1
        kernel, stride, dilation, padding, pad_value = (1, 1), (1, 1), (1, 1), (0, 0, 0, 0), 0
    else:
        height, width = source.shape[0], source.shape[1]
        kernel = (op.weights.shape[1], op.weights.shape[2])
        stride, dilation, padding, pad_value = op.stride, op.dilation, op.padding, op.pad_value
    return WindowParams(
        height=height,
        width=width,
        channels=source.channels,
        kernel=kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        pad_value=pad_value,
        beat=beat_of(source, beat_lanes),
        lanes=lanes,
        groups=groups,
        blocks=blocks,
        pixels=pixels,
    )


def is_global(op: MaxPool | SumPool, source: TensorType) -> bool:
    """Whether one window without padding covers the frame."""
    return op.kernel == source.shape[:2] and not any(op.padding)


def globalpool_params(
    op: MaxPool | SumPool, source: TensorType, out: TensorType, lanes: int
) -> GlobalPoolParams:
    """Return the global pooling."""
    return GlobalPoolParams(
        pixels=source.pixels,
        channels=source.channels,
        kind="max" if isinstance(op, MaxPool) else "sum",
        beat=beat_of(source, lanes),
        out=beat_of(out, lanes),
    )


def pool_params(
    op: MaxPool | SumPool, source: TensorType, out: TensorType, lanes: int, interval: int
) -> PoolParams | None:
    """Return the pooling of fewest lanes, a multiple of ``lanes``, within ``interval`` cycles."""
    if isinstance(op, MaxPool):
        dilation, pad_value = op.dilation, source.low
    else:
        dilation, pad_value = (1, 1), op.pad_value
    for wide in divisors(source.channels):
        if wide % lanes:
            continue
        words = source.channels // wide
        params = PoolParams(
            window=WindowParams(
                height=source.shape[0],
                width=source.shape[1],
                channels=source.channels,
                kernel=op.kernel,
                stride=op.stride,
                padding=op.padding,
                dilation=dilation,
                pad_value=pad_value,
                beat=beat_of(source, lanes),
                lanes=wide,
                groups=words,
                blocks=words,
            ),
            kind="max" if isinstance(op, MaxPool) else "sum",
            out=beat_of(out, wide),
        )
        if params.cycles <= interval:
            return params
    return None
