"""Equal numbers of weights for every filter and bank of input channels.

Bank-balanced sparsity (Cao et al., FPGA 2019): a lane of the skipping engine owns one bank, so all
lanes finish together. Channel c, the last axis of the weights, lies in bank ``c % banks``: so the
engine counts, for convolutions and for the columns of a Dense layer alike. Behind a flatten
that is the bank of the channel that a column comes from wherever the banks divide the channels.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from ...ir.ops.conv import Conv
from ...ir.ops.dense import Dense
from ..rule import BoolArray

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def can_balance(layer: Conv | Dense, banks: int) -> bool:
    """Whether a layer is wide enough for its channels to lie in this many banks.

    Grouped convolutions never are: the skipping engine reads every bank for every filter.
    """
    grouped = isinstance(layer, Conv) and layer.groups > 1
    return not grouped and layer.weight.shape[-1] >= banks


def smallest_bank(shape: tuple[int, ...], banks: int) -> int:
    """Return the weights that a filter has in the bank with the fewest.

    Parameters
    ----------
    shape : tuple of int
        Of the weights, filters first and channels last.
    banks : int
        At most the channels.
    """
    return prod(shape[1:-1]) * (shape[-1] // banks)


def kept_per_bank(shape: tuple[int, ...], zeros: float, banks: int) -> int:
    """Return how many weights of every filter and bank stay: at least 1.

    The share holds for the filter as a whole; where banks differ, the smallest one limits it.
    """
    kept = round((1 - zeros) * prod(shape[1:]) / banks)
    return max(1, min(kept, smallest_bank(shape, banks)))


def split_banks(values: npt.NDArray[Any], banks: int, fill: float) -> npt.NDArray[Any]:
    """Return ``values`` as (filters, banks, weights of a bank), each in memory order.

    Banks with a channel less than the others are filled up with ``fill``.
    """
    filters, channels = values.shape[0], values.shape[-1]
    rows = values.reshape(filters, -1, channels)
    rows = np.pad(rows, ((0, 0), (0, 0), (0, -channels % banks)), constant_values=fill)
    split = rows.reshape(filters, rows.shape[1], -1, banks)
    return np.moveaxis(split, -1, 1).reshape(filters, banks, -1)


def join_banks(split: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return what ``split_banks`` gave as an array of ``shape`` again, without the filling."""
    filters, banks, _ = split.shape
    taps = prod(shape[1:-1])
    rows = np.moveaxis(split.reshape(filters, banks, taps, -1), 1, -1).reshape(filters, taps, -1)
    return np.ascontiguousarray(rows[..., : shape[-1]]).reshape(shape)


def strongest(sizes: FloatArray, banks: int, kept: int, mask: BoolArray | None = None) -> BoolArray:
    """Return where the ``kept`` largest of every filter and bank are.

    Where a mask leaves some filter and bank fewer than ``kept``, all get as few as that one (but
    at least 1 wherever something is left): the numbers stay equal.

    Parameters
    ----------
    sizes : float64 (filters, …, channels)
        Not negative. Of equal ones, the first in memory order is taken.
    banks : int
        1 … channels.
    kept : int
        At least 1.
    mask : bool, shape of ``sizes``, or None
        False where nothing may stay.

    Returns
    -------
    bool, shape of ``sizes``
    """
    if not 1 <= banks <= sizes.shape[-1]:
        raise ValueError(f"banks must be 1 … {sizes.shape[-1]} (the channels), not {banks}")
    allowed = sizes if mask is None else np.where(mask, sizes, -1.0)
    split = split_banks(allowed, banks, -1.0)
    if mask is not None:
        kept = max(1, min(kept, int((split >= 0).sum(axis=2).min())))
    order = np.argsort(-split, axis=2, kind="stable")[..., :kept]
    chosen = np.zeros(split.shape, np.bool_)
    np.put_along_axis(chosen, order, True, axis=2)
    chosen &= split >= 0
    return np.asarray(join_banks(chosen, sizes.shape), np.bool_)


def bank_counts(codes: npt.NDArray[Any], banks: int) -> IntArray:
    """Return how many weights are not zero: int64 (filters, banks)."""
    counts: IntArray = split_banks(codes != 0, banks, 0).sum(axis=2, dtype=np.int64)
    return counts
