"""Ops that move elements and change none."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np

from .call import Call
from .numbers import Exact


def identity(call: Call) -> Exact:
    """Identity."""
    return call[0]


def flatten(call: Call) -> Exact:
    """Flatten to two axes."""
    axis = int(call.options.get("axis", 1))
    return call[0].reshape(prod(call[0].shape[:axis]), -1)


def reshape(call: Call) -> Exact:
    """Reshape; 0 keeps a size."""
    target = call.integers(1, "shape")
    assert target is not None
    zero_copies = not call.options.get("allowzero", 0)
    sizes = [
        call[0].shape[index] if size == 0 and zero_copies else size
        for index, size in enumerate(target)
    ]
    return call[0].reshape(sizes)


def transpose(call: Call) -> Exact:
    """Transpose."""
    perm = call.options.get("perm")
    return call[0].transpose(*perm) if perm else call[0].T


def squeeze(call: Call) -> Exact:
    """Squeeze."""
    axes = call.integers(1, "axes")
    return call[0].squeeze(axes)


def unsqueeze(call: Call) -> Exact:
    """Unsqueeze."""
    axes = call.integers(1, "axes")
    assert axes is not None
    result = call[0]
    rank = result.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        result = result.reshape(*result.shape[:axis], 1, *result.shape[axis:])
    return result


def pad(call: Call) -> Exact:
    """Pad with a constant; all axes are given."""
    assert call.options.get("mode", "constant") == "constant"
    sizes = call.integers(1, "pads")
    assert sizes is not None
    value = Fraction(0)
    if call.optional(2) is not None:
        value = call[2].reshape(-1)[0]
    half = len(sizes) // 2
    edges = list(zip(sizes[:half], sizes[half:], strict=True))
    return np.pad(call[0], edges, constant_values=value)


def slice_(call: Call) -> Exact:
    """Slice along axes, forwards."""
    starts, ends = call.integers(1, "starts"), call.integers(2, "ends")
    assert starts is not None
    assert ends is not None
    axes = call.integers(3, "axes") or tuple(range(len(starts)))
    steps = call.integers(4, "steps") or (1,) * len(starts)
    places = [slice(None)] * call[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        places[axis] = slice(start, end, step)
    return call[0][tuple(places)]
