"""Pooling: only what lies inside the image counts, unless it is said otherwise."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from .call import Call
from .numbers import Exact
from .windows import Windows, read_windows


def max_pool(call: Call) -> Exact:
    """MaxPool; padding never wins."""
    windows = read_windows(call.options, call.options["kernel_shape"], call[0].shape[2:])
    return _pool(call[0], windows, lambda covered: covered.max(axis=2))


def average_pool(call: Call) -> Exact:
    """AveragePool; padding counts where ``count_include_pad`` says so."""
    windows = read_windows(call.options, call.options["kernel_shape"], call[0].shape[2:])
    everything = windows.kernel[0] * windows.kernel[1]
    include = call.options.get("count_include_pad", 0)

    def mean(covered: Exact) -> Exact:
        return np.asarray(
            covered.sum(axis=2) / Fraction(everything if include else covered.shape[2])
        )

    return _pool(call[0], windows, mean)


def global_average_pool(call: Call) -> Exact:
    """GlobalAveragePool."""
    return mean(call[0], (2, 3), True)


def reduce_mean(call: Call) -> Exact:
    """ReduceMean; axes are an attribute or, in newer opsets, an input."""
    axes = call.integers(1, "axes") or tuple(range(call[0].ndim))
    return mean(call[0], axes, bool(call.options.get("keepdims", 1)))


def mean(x: Exact, axes: tuple[int, ...], keepdims: bool) -> Exact:
    """Return exact means over axes."""
    count = int(np.prod([x.shape[axis] for axis in axes]))
    return np.asarray(x.sum(axis=tuple(axes), keepdims=keepdims) / Fraction(count), dtype=object)


def _pool(x: Exact, windows: Windows, reduce: Callable[[Exact], Exact]) -> Exact:
    """Reduce what every window covers of the image: (N, C, places) to (N, C)."""
    result = np.empty((*x.shape[:2], *windows.size), dtype=object)
    top, left = windows.pads[:2]
    for i, rows in enumerate(windows.padded_rows()):
        inside = [row - top for row in rows if 0 <= row - top < x.shape[2]]
        for j, columns in enumerate(windows.padded_columns()):
            across = [column - left for column in columns if 0 <= column - left < x.shape[3]]
            covered = x[:, :, inside][:, :, :, across]
            result[:, :, i, j] = reduce(covered.reshape(*x.shape[:2], -1))
    return result
