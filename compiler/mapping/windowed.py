"""Parameters of the units with a kernel: convolution, dense, local and global pooling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ...hdl.dot import Multiplier
from ...hdl.folded.params import FoldedParams, MemoryStyle
from ...hdl.globalpool.params import GlobalPoolParams
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

STYLES: tuple[MemoryStyle, ...] = ("block", "distributed")


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
    multipliers, weight_bits = multipliers_of(op)
    foldings = [
        (pe, simd)
        for pe, simd, cycles in foldings_of(op, out.pixels, lanes)
        if cycles <= interval and layer.allows(pe=pe, simd=simd)
    ]
    fewest = min((pe * simd for pe, simd in foldings), default=0)
    return tuple(
        FoldedParams(
            window=window_of(op, layer.source, simd, lanes[0], len(op.weights) // pe),
            out_channels=len(op.weights),
            pe=pe,
            out=beat_of(out, lanes[1]),
            weight_bits=weight_bits,
            multiplier=multiplier,
            weight_style=style,
        )
        for pe, simd in foldings
        if pe * simd <= SPARE_LANES * fewest
        for multiplier in multipliers
        for style in STYLES
        if layer.allows(multiplier=multiplier, weight_style=style)
    )


def folded_cycles(layer: Layer) -> Iterator[int]:
    """Return the cycles of a frame of every folding that the user leaves open."""
    return (
        cycles
        for pe, simd, cycles in foldings_of(layer.op, layer.out.pixels)
        if layer.allows(pe=pe, simd=simd)
    )


def folded_settings(layer: Layer) -> dict[str, tuple[Setting, ...]]:
    """Return what users may fix of a folding, with the values that each can have."""
    return {
        "pe": divisors(len(layer.op.weights)),
        "simd": divisors(layer.source.channels),
        "multiplier": multipliers_of(layer.op)[0],
        "weight_style": STYLES,
    }


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
) -> WindowParams:
    """Return the window buffer of a layer: words of ``lanes`` channels, ``groups`` firings.

    Channels are read in ``blocks``.
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
