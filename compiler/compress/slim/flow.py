"""Numbers per channel, carried along the ops that only move channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ir.ops.base import Op
from ...ir.ops.concat import Concat
from ...ir.ops.maxpool import MaxPool
from ...ir.ops.pad import Pad
from ...ir.ops.reshape import Reshape
from ...ir.ops.slice import Slice
from ...ir.ops.transpose import Transpose

Channels = npt.NDArray[Any]


def carried(
    op: Op, sources: tuple[Channels, ...], size: int, padding: Callable[[int], Channels]
) -> Channels | None:
    """Return the numbers of the channels that an op's tensor has.

    Behind a flatten, element ``d`` is one of channel ``d % C``.

    Parameters
    ----------
    op : Op
    sources : tuple of arrays (channels,)
        The numbers of its inputs' channels.
    size : int
        Of the last axis of the op's tensor.
    padding : callable
        From a number of channels that an op puts beside its input's, to their numbers; called
        for those in front first.

    Returns
    -------
    array (size,), or None where the op does more than to move channels
    """
    first = sources[0] if sources else None
    if first is None:
        return None
    if isinstance(op, MaxPool):
        return first
    if isinstance(op, Concat) and sum(map(len, sources)) == size:
        return np.concatenate(sources)
    if isinstance(op, Pad) and op.before:
        before = padding(op.before[-1])
        return np.concatenate((before, first, padding(op.after[-1])))
    if isinstance(op, Slice) and op.start:
        return first[op.start[-1] : op.start[-1] + size * op.step[-1] : op.step[-1]]
    if isinstance(op, Transpose) and op.perm and op.perm[-1] == len(op.perm) - 1:
        return first
    if isinstance(op, Reshape) and size % len(first) == 0:
        return np.tile(first, size // len(first))
    return None
