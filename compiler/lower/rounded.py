"""Quantizers as rounded functions of the integers behind them."""

from __future__ import annotations

from fractions import Fraction

from ...runtime.ops.base import TensorType
from ..ir import ops as ir
from .exact import Rounded
from .value import Reals, Term, Value, per_channel


def codes_of(op: ir.Quantize, tensor: str, shape: tuple[int, ...]) -> Value:
    """Return the real value of a quantizer's codes."""
    zeros = op.zero_point * (len(op.scale) // len(op.zero_point))
    shift = tuple(-s * z for s, z in zip(op.scale, zeros, strict=True))
    return Value((Term(tensor, op.scale),), shift, shape)


def rounded_functions(op: ir.Quantize, factor: Reals, value: Value) -> list[Rounded]:
    """Return the rounded function of every channel (one where all are equal)."""
    parts = [factor, value.shift, op.scale]
    parts += [bound for bound in (value.low, value.high) if bound is not None]
    count = max(len(part) for part in parts)
    factors = per_channel(factor, count)
    shifts = per_channel(value.shift, count)
    scales = per_channel(op.scale, count)
    zeros = op.zero_point * count if len(op.zero_point) == 1 else op.zero_point
    lows = per_channel(value.low, count) if value.low is not None else (None,) * count
    highs = per_channel(value.high, count) if value.high is not None else (None,) * count
    functions = []
    for a, b, s, zero, low, high in zip(factors, shifts, scales, zeros, lows, highs, strict=True):
        # Rounding is monotone: a clip before it is a clip of the codes behind it.
        first = op.low if low is None else _code(low / s, zero, op)
        last = op.high if high is None else _code(high / s, zero, op)
        functions.append(Rounded(a / s, b / s, zero, first, last))
    return functions


def _code(value: Fraction, zero: int, op: ir.Quantize) -> int:
    return min(max(round(value) + zero, op.low), op.high)


def is_identity(functions: list[Rounded], type_: TensorType) -> bool:
    """Whether the functions give every code of a type back."""
    return all(
        f.scale == 1 and f.shift + f.zero_point == 0 and f.low <= type_.low and f.high >= type_.high
        for f in functions
    )
