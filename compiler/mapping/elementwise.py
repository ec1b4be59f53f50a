"""Parameters of the units that work beat by beat: requantize, threshold, lookup, add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ...hdl.add.params import AddParams
from ...hdl.beat import Beat
from ...hdl.lookup.params import LookupParams
from ...hdl.requantize.params import RequantizeParams
from ...hdl.threshold.params import ThresholdParams
from ...runtime.numerics import bits_for
from ...runtime.ops.add import Add
from ...runtime.ops.base import IntArray, TensorType
from ...runtime.ops.lookup import Lookup
from ...runtime.ops.requantize import Requantize
from ...runtime.ops.threshold import Threshold

MULTIPLIERS: tuple[Literal["dsp", "lut"], ...] = ("dsp", "lut")


def beat_of(tensor: TensorType, lanes: int) -> Beat:
    """Return a beat of ``lanes`` elements of a tensor."""
    return Beat(lanes, tensor.bits, tensor.signed)


def requantize_options(
    op: Requantize, source: TensorType, out: TensorType, lanes: int
) -> tuple[RequantizeParams, ...]:
    """Return the requantizer with either kind of multiplier."""
    low, high = _products(op.multiplier, source)
    return tuple(
        RequantizeParams(
            pixels=source.pixels,
            channels=source.channels,
            beat=beat_of(source, lanes),
            out=beat_of(out, lanes),
            entries=max(len(op.multiplier), len(op.offset)),
            multiplier_bits=_table_bits(op.multiplier),
            multiplier_signed=bool(op.multiplier.min() < 0),
            offset_bits=_signed_bits(op.offset),
            product_bits=_sum_bits([low, high], op.offset),
            shift=op.shift,
            ties=op.ties,
            low=op.low,
            high=op.high,
            multiplier=multiplier,
        )
        for multiplier in MULTIPLIERS
    )


def add_options(
    op: Add, sources: Sequence[TensorType], out: TensorType, lanes: int
) -> tuple[AddParams, ...]:
    """Return the adder with either kind of multiplier."""
    (a_low, a_high), (b_low, b_high) = (
        _products(row, source) for row, source in zip(op.multipliers, sources, strict=True)
    )
    first, second = sources
    # One sign bit for both tables: a difference has one factor of either sign.
    signed = bool(op.multipliers.min() < 0)
    width = _signed_bits if signed else _table_bits
    return tuple(
        AddParams(
            pixels=out.pixels,
            channels=out.channels,
            beats=(beat_of(first, lanes), beat_of(second, lanes)),
            out=beat_of(out, lanes),
            entries=max(op.multipliers.shape[1], len(op.offset)),
            multiplier_bits=(width(op.multipliers[0]), width(op.multipliers[1])),
            multiplier_signed=signed,
            offset_bits=_signed_bits(op.offset),
            product_bits=_sum_bits([a_low + b_low, a_high + b_high], op.offset),
            shift=op.shift,
            ties=op.ties,
            low=op.low,
            high=op.high,
            multiplier=multiplier,
        )
        for multiplier in MULTIPLIERS
    )


def threshold_params(
    op: Threshold, source: TensorType, out: TensorType, lanes: int
) -> ThresholdParams:
    """Return the threshold unit."""
    steps = op.thresholds.shape[1]
    counting = op.values[0, 0] + np.arange(steps + 1)
    return ThresholdParams(
        pixels=source.pixels,
        channels=source.channels,
        beat=beat_of(source, lanes),
        out=beat_of(out, lanes),
        entries=len(op.thresholds),
        steps=steps,
        threshold_bits=_signed_bits(op.thresholds),
        affine=bool((op.values == counting).all()),
    )


def lookup_params(op: Lookup, source: TensorType, out: TensorType, lanes: int) -> LookupParams:
    """Return the lookup unit."""
    return LookupParams(
        pixels=source.pixels,
        channels=source.channels,
        beat=beat_of(source, lanes),
        out=beat_of(out, lanes),
        entries=len(op.table),
        low=op.low,
        size=op.table.shape[1],
    )


def _products(multiplier: IntArray, source: TensorType) -> tuple[IntArray, IntArray]:
    """Return the smallest and largest product per channel, as Python integers."""
    ends = np.stack([multiplier.astype(object) * value for value in (source.low, source.high)])
    return ends.min(axis=0), ends.max(axis=0)


def _sum_bits(products: Sequence[IntArray], offset: IntArray) -> int:
    """Return the width, two's complement, of products plus offset."""
    sums = [product + offset.astype(object) for product in products]
    return bits_for(min(-1, *(int(x) for s in sums for x in s)), max(int(s.max()) for s in sums))


def _table_bits(table: IntArray) -> int:
    """Return the width of a table, two's complement if it holds anything negative."""
    return bits_for(min(0, int(table.min())), max(0, int(table.max())))


def _signed_bits(table: IntArray) -> int:
    """Return the width of a table, two's complement."""
    return bits_for(min(-1, int(table.min())), max(0, int(table.max())))
