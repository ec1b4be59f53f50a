"""What Conv and Dense share: weights as float64 or as exact integers with scales."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

WeightArray = npt.NDArray[np.float64] | npt.NDArray[np.int64]


def check_weights(
    weight: WeightArray,
    weight_scale: tuple[Fraction, ...] | None,
    bias: tuple[Fraction, ...] | None,
) -> None:
    """Check that weights, scales and bias fit each other.

    Raises
    ------
    ValueError
        If a dtype, a length or a sign is wrong.
    """
    filters = weight.shape[0]
    kind: Any = np.float64 if weight_scale is None else np.int64
    if weight.dtype != kind:
        raise ValueError(f"weight must have dtype {np.dtype(kind)}, not {weight.dtype}")
    if weight_scale is not None:
        if len(weight_scale) not in (1, filters):
            raise ValueError(
                f"weight_scale must have 1 or {filters} entries, not {len(weight_scale)}"
            )
        if min(weight_scale) <= 0:
            raise ValueError(f"weight_scale must be positive, not {min(weight_scale)}")
    if bias is not None and len(bias) != filters:
        raise ValueError(f"bias must have {filters} entries, not {len(bias)}")


def contiguous(weight: Any) -> WeightArray:
    """Return weights in C order; the dtype stays."""
    array: WeightArray = np.ascontiguousarray(weight)
    return array
