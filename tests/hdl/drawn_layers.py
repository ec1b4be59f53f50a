"""Layers drawn at random, each with an engine that the mapping offers for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from amaranth.lib.wiring import Component

from sangi.compiler.mapping.divisors import divisors
from sangi.compiler.mapping.grouped import grouped_options
from sangi.compiler.mapping.layer import Layer
from sangi.compiler.mapping.sparse import skipping_options
from sangi.compiler.mapping.unrolled import digits_within, unrolled_options
from sangi.compiler.mapping.windowed import folded_options, kernels
from sangi.hdl.engines import engine_of
from sangi.hdl.fifo.params import FifoParams
from sangi.hdl.folded.circuit import Folded
from sangi.hdl.folded.params import FoldedParams
from sangi.hdl.grouped.circuit import Grouped
from sangi.hdl.grouped.params import GroupedParams
from sangi.hdl.schedule import Schedule
from sangi.hdl.skipping.circuit import Skipping
from sangi.hdl.skipping.params import SkippingParams
from sangi.hdl.unrolled.circuit import Unrolled
from sangi.runtime.ops.base import TensorType
from sangi.runtime.ops.conv import Conv
from sangi.runtime.ops.dense import Dense

KINDS = ("folded", "skipping", "parallel", "serial", "packed", "grouped")
ZEROS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.98)
KERNELS = ((1, 1), (3, 3), (3, 3), (5, 5), (2, 3), (1, 4), (3, 1), (2, 2))
FRAMES = 3
ANY = 10**9
PACKING_FAMILIES = ("xc7", "xcup", "ecp5", "ice40", "cyclonev")
CIRCUITS: dict[type, Any] = {
    FoldedParams: Folded,
    GroupedParams: Grouped,
    SkippingParams: Skipping,
}
ENGINES: dict[str, Any] = {
    "folded": folded_options,
    "packed": folded_options,
    "skipping": skipping_options,
    "grouped": grouped_options,
}
"""What the mapping offers a kind; the others are the unrolled engine's."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A layer, an engine for it, and frames.

    Attributes
    ----------
    layer : Layer
    params : parameters of the engine
    fifo : FifoParams
        Of its output.
    images : int64 (frames, *input shape)
    """

    layer: Layer
    params: Any
    fifo: FifoParams
    images: np.ndarray

    @property
    def circuit(self) -> Component:
        """The engine's circuit."""
        make = CIRCUITS.get(type(self.params), Unrolled)
        return make(self.params, kernels(self.layer.op), [self.fifo])

    @property
    def schedule(self) -> Schedule:
        """The engine's schedule."""
        return engine_of(self.params).schedule(self.params)

    @property
    def expected(self) -> np.ndarray:
        """What the integer program's op gives."""
        return self.layer.op.apply(self.images)

    def __str__(self) -> str:
        op = self.layer.op
        zeros = 1 - np.count_nonzero(op.weights) / op.weights.size
        return f"{self.layer.source.shape} {op.weights.shape} {zeros:.0%} zeros, {self.params}"


def draw(kind: str, number: int) -> Drawn:
    """Draw layer ``number`` of a kind; the same numbers give the same layer.

    Every third has 4-bit weights, the others ternary ones; zeros go through ``ZEROS``, and every
    other convolution has as many in every filter. Where weights are packed, others have 3 to 8
    bits instead, and the family is drawn as well.
    """
    rng = np.random.default_rng((KINDS.index(kind), number))
    while True:
        half = 8 if number % 3 == number // 6 % 3 else 1
        if kind == "packed" and half == 1:
            half = int(rng.choice([4, 16, 64, 128]))
        layer = _layer(rng, number, half, kind == "grouped")
        options = _options(rng, kind, layer)
        if options:
            break
    params = options[rng.integers(len(options))]
    burst = params.burst
    depth = burst + int(rng.integers(0, 20)) if rng.random() < 0.7 else max(2, burst)
    low, high = layer.source.low, layer.source.high
    images = rng.integers(low, high + 1, (FRAMES, *layer.source.shape))
    images[0].flat[0], images[0].flat[-1] = low, high
    style = str(rng.choice(["distributed", "block", "registers"]))
    fifo = FifoParams(params.out.width, depth, burst, style)  # type: ignore[arg-type]
    return Drawn(layer, params, fifo, images)


def _layer(rng: np.random.Generator, number: int, half: int, grouped: bool) -> Layer:
    """Draw a layer, with weights −half … half − 1 or (1) ternary ones.

    One of six is dense; of those in groups about every other is depthwise.
    """
    bits, signed = int(rng.integers(1, 9)), bool(rng.random() < 0.3)
    low = -(1 << bits - 1) if signed else 0
    high = low + (1 << bits) - 1
    channels, filters = (int(rng.choice([1, 2, 3, 4, 6, 8, 12])) for _ in range(2))
    # Blocks of six shift against each other, so that all shares meet all kinds.
    zeros = ZEROS[(number + number // 6) % len(ZEROS)]
    groups = 1
    if grouped:
        channels = max(2, channels)
        groups = channels if rng.random() < 0.5 else int(rng.choice(divisors(channels)[1:]))
        filters = groups * int(rng.choice([1, 1, 2, 3]))
    elif number % 6 == 5:
        channels *= int(rng.integers(1, 5))
        weights = _weights(rng, (filters, channels), half, zeros, False)
        source = TensorType((channels,), low, high)
        dense = Dense(weights)
        return Layer("dense", dense, source, dense.infer(source))
    while True:
        height, width = (int(size) for size in rng.integers(1, 11, 2))
        kernel = KERNELS[rng.integers(len(KERNELS))]
        stride, dilation = tuple(rng.integers(1, 4, 2).tolist()), (1, 1)
        if rng.random() < 0.2:
            dilation = tuple(rng.integers(1, 3, 2).tolist())
        padding = tuple(int(rng.integers(0, kernel[axis % 2])) for axis in range(4))
        op = Conv(
            _weights(rng, (filters, *kernel, channels // groups), half, zeros, number % 2 == 0),
            stride,
            padding,
            dilation,
            pad_value=int(rng.integers(low, high + 1)),
            groups=groups,
        )
        source = TensorType((height, width, channels), low, high)
        try:
            out = op.infer(source)
        except ValueError:
            continue  # the kernel is larger than the padded frame
        return Layer("conv", op, source, out)


def _weights(
    rng: np.random.Generator, shape: tuple[int, ...], half: int, zeros: float, balanced: bool
) -> np.ndarray:
    """Draw weights: −half … half − 1 or (``half`` 1) ternary ones, a share of them zero."""
    values = rng.integers(-half, half + (half == 1), shape)
    values[values == 0] = 1
    ranks = rng.random((shape[0], int(np.prod(shape[1:]))))
    if balanced:
        ranks = (ranks.argsort(axis=1).argsort(axis=1) + 0.5) / ranks.shape[1]
    weights = values * (ranks >= zeros).reshape(shape)
    if half > 1 and not (np.abs(weights) > 1).any():
        weights.flat[0] = -half  # as wide as it was to be
    return weights


def _options(rng: np.random.Generator, kind: str, layer: Layer) -> tuple[Any, ...]:
    """Return engines of a kind behind and before streams of random lanes."""
    filters = len(layer.op.weights)
    lanes = (
        int(rng.choice(divisors(layer.source.channels))),
        int(rng.choice(divisors(filters))),
    )
    if kind in ENGINES:
        options = ENGINES[kind]
        if kind == "packed":
            fixed = {"multiplier": "packed"}
            layer = replace(layer, fixed=fixed, family=str(rng.choice(PACKING_FAMILIES)))
        slowest = max(layer.out.pixels * layer.op.weights.size, layer.out.elements)
        interval = int(slowest * rng.choice([0.1, 0.3, 1.0]))
        return options(layer, lanes, interval) or options(layer, lanes, ANY)
    digits = [digit for digit in digits_within(layer) if bool(digit) == (kind == "serial")]
    if not digits:
        return ()
    digit = digits[rng.integers(len(digits))]
    fixed = replace(layer, fixed={"digit": digit}, family=str(rng.choice(["xc7", "ecp5"])))
    return unrolled_options(fixed, lanes, ANY)
