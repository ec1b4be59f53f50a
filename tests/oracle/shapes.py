"""Ops that move elements and change none."""

from __future__ import annotations

from math import prod

from .call import Call
from .numbers import Exact


def identity(call: Call) -> Exact:
    return call[0]


def flatten(call: Call) -> Exact:
    axis = int(call.options.get("axis", 1))
    return call[0].reshape(prod(call[0].shape[:axis]), -1)


def reshape(call: Call) -> Exact:
    target = call.integers(1, "shape")
    assert target is not None
    zero_copies = not call.options.get("allowzero", 0)
    sizes = [
        call[0].shape[index] if size == 0 and zero_copies else size
        for index, size in enumerate(target)
    ]
    return call[0].reshape(sizes)


def transpose(call: Call) -> Exact:
    perm = call.options.get("perm")
    return call[0].transpose(*perm) if perm else call[0].T


def squeeze(call: Call) -> Exact:
    axes = call.integers(1, "axes")
    return call[0].squeeze(axes)


def unsqueeze(call: Call) -> Exact:
    axes = call.integers(1, "axes")
    assert axes is not None
    result = call[0]
    rank = result.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        result = result.reshape(*result.shape[:axis], 1, *result.shape[axis:])
    return result
