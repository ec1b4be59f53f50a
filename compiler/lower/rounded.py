"""Quantizers as rounded functions of the integers behind them."""

from __future__ import annotations

from fractions import Fraction

from ...runtime.ops.base import TensorType
from ..ir import ops as ir
from .exact import Rounded
from .value import Reals, Term, Value, per_channel


def codes_of(op: ir.Quantize, tensor: str, shape: tuple[int, ...]) -> Value:
    """Return the real value of a quantizer's codes."""
    shift = tuple(-s * z for s, z in zip(op.scale, op.zero_point, strict=True))
    return Value((Term(tensor, op.scale),), shift, shape)


def rounded_functions(op: ir.Quantize, factor: Reals, value: Value) -> list[Rounded]:
    """Return the rounded function of every channel (one where all are equal)."""
    lows, highs = value.low or (None,), value.high or (None,)
    count = max(map(len, (factor, value.shift, op.scale, lows, highs)))
    factors = per_channel(factor, count)
    shifts = per_channel(value.shift, count)
    scales = per_channel(op.scale, count)
    zeros = per_channel(op.zero_point, count)
    lows, highs = per_channel(lows, count), per_channel(highs, count)
    functions = []
    for a, b, s, zero, low, high in zip(factors, shifts, scales, zeros, lows, highs, strict=True):
        inside, outside = (zero, 0) if op.zero_first else (0, int(zero))
        # Rounding is monotone: a clip before it is a clip of the codes behind it.
        whole = Rounded(Fraction(1), Fraction(inside), outside, op.low, op.high, op.rounding)
        first = op.low if low is None else whole.at(low / s)
        last = op.high if high is None else whole.at(high / s)
        functions.append(Rounded(a / s, b / s + inside, outside, first, last, op.rounding))
    return functions


def is_identity(functions: list[Rounded], type_: TensorType) -> bool:
    """Whether the functions give every code of a type back."""
    return all(
        f.scale == 1 and f.shift + f.zero_point == 0 and f.low <= type_.low and f.high >= type_.high
        for f in functions
    )
