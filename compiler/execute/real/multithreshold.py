"""Counting of thresholds in float64, so that noise of the last bits never decides."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...ir.ops.multithreshold import MultiThreshold
from .quantize import NEAR

Reals = npt.NDArray[np.float64]


def count_thresholds(op: MultiThreshold, x: Reals) -> Reals:
    """Return ``out_scale * count + out_bias``; ``NEAR`` below a threshold is reached as well."""
    rows = np.array([[float(threshold) for threshold in row] for row in op.thresholds])
    count = np.zeros(x.shape)
    for column in rows.T:
        count += x >= column - NEAR * np.maximum(1, np.abs(column))
    return np.asarray(count * float(op.out_scale) + float(op.out_bias))
