"""Exact rationals from the numbers in a model."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from typing import Any

import numpy.typing as npt


def fractions(values: npt.NDArray[Any]) -> tuple[Fraction, ...]:
    """Return the exact values of an array's finite elements, in C order."""
    if values.dtype.kind in "iub":
        return tuple(Fraction(int(value)) for value in values.reshape(-1))
    return tuple(Fraction(float(value)) for value in values.reshape(-1))


def square_root(value: Fraction, bits: int = 96) -> Fraction:
    """Return the square root of a positive rational, correct to ``bits`` significant bits.

    The root of p/q is isqrt(p*q*4**k) / (q*2**k); k is chosen so that the integer root has at
    least ``bits`` bits, hence the relative error is below ``2**-(bits-1)``.

    Raises
    ------
    ValueError
        If ``value`` is not positive.
    """
    if value <= 0:
        raise ValueError(f"value must be positive, not {value}")
    product = value.numerator * value.denominator
    shift = max(0, bits - product.bit_length() // 2 + 1)
    return Fraction(isqrt(product << (2 * shift)), value.denominator << shift)
