"""Single elements in exact rationals: what decides where float64 cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeVar

import numpy.typing as npt

from ..ir.ops.multithreshold import MultiThreshold
from ..ir.ops.quantize import Quantize
from ..lower.exact import divide
from ..lower.value import Value

Place = tuple[int, ...]
T = TypeVar("T")


def element(value: Value, tensors: Mapping[str, npt.NDArray[Any]], place: Place) -> Fraction:
    """Return one element of the real tensor that a value of lowering stands for.

    Parameters
    ----------
    value : Value
    tensors : mapping of str to array (N, *shape)
        The program's integers, and the frames (taken as they are in float64).
    place : tuple of int
        Frame, and index in the graph's tensor.
    """
    there = int(value.order[place[1:]])
    channel = there % value.shape[-1]
    total = at_channel(value.shift, channel)
    for term in value.terms:
        number = tensors[term.tensor][place[0]].reshape(-1)[there].item()
        total += Fraction(number) * at_channel(term.factor, channel)
    if value.low is not None and (low := at_channel(value.low, channel)) is not None:
        total = max(total, low)
    if value.high is not None and (high := at_channel(value.high, channel)) is not None:
        total = min(total, high)
    return total


def rounded(op: Quantize | MultiThreshold, x: Fraction, channel: int) -> Fraction:
    """Return what a quantizer makes of one real."""
    if isinstance(op, MultiThreshold):
        count = sum(x >= threshold for threshold in at_channel(op.thresholds, channel))
        return op.out_scale * count + op.out_bias
    scale = at_channel(op.scale, channel)
    zero = Fraction(at_channel(op.zero_point, channel))
    quotient = x / scale + (zero if op.zero_first else 0)
    code = Fraction(int(divide(quotient.numerator, quotient.denominator, op.rounding)))
    code = min(max(code if op.zero_first else code + zero, Fraction(op.low)), Fraction(op.high))
    return (code - zero) * scale


def at_channel(values: Sequence[T], channel: int) -> T:
    """Return a channel's entry of a parameter that has one, or one per channel."""
    return values[channel if len(values) > 1 else 0]
