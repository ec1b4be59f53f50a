"""Weights on 8-bit grids."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ..ir.ops.conv import Conv
from ..ir.ops.dense import Dense

#: Symmetric: -128 would spend a code on one end only.
LARGEST_CODE = 127


def quantize_weights(op: Conv | Dense) -> Conv | Dense:
    """Return the layer with int64 weights -127…127 and one float32 scale per filter.

    The scale maps the largest weight of a filter to 127 (a filter of zeros gets scale 1); weights
    are rounded half to even; the bias is kept as the exact value of its float32.
    """
    weight = op.weight.astype(np.float64)
    flat = weight.reshape(len(weight), -1)
    largest = np.abs(flat).max(axis=1, initial=0.0)
    scale = np.where(largest > 0, largest / LARGEST_CODE, 1.0).astype(np.float32)
    # A filter so small that its scale underflows is a filter of zeros.
    scale[scale == 0] = 1
    codes = np.rint(flat / scale.astype(np.float64)[:, None])
    codes = np.clip(codes, -LARGEST_CODE, LARGEST_CODE).astype(np.int64)
    return replace(
        op,
        weight=codes.reshape(weight.shape),
        weight_scale=exact_scales(scale),
        bias=None if op.bias is None else exact_scales(np.array(op.bias, np.float32)),
    )


def exact_scales(values: npt.NDArray[np.float32]) -> tuple[Fraction, ...]:
    """Return the exact rationals of float32 numbers."""
    return tuple(Fraction(float(value)) for value in values)
