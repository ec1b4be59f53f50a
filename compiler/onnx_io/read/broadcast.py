"""Constants that broadcast against a tensor: along which axis they vary, if any."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from .reader import Refusal

Exact = npt.NDArray[np.object_]


def along_channels(
    what: str, arrays: tuple[Exact, ...], shape: tuple[int, ...]
) -> tuple[int | None, tuple[tuple[Fraction, ...], ...]]:
    """Return the axis of a tensor along which constants vary, and their values there.

    Parameters
    ----------
    what : str
        Name of the constants, for messages.
    arrays : tuple of object arrays of Fraction
        They broadcast against ``shape`` as NumPy's do.
    shape : tuple of int
        Of the tensor, with its batch axis if it has one.

    Returns
    -------
    axis : int, or None
        None where every constant is one number.
    values : tuple of tuple of Fraction
        Per array, of equal length: one entry, or one per index of ``axis``.

    Raises
    ------
    Refusal
        If they do not fit, or vary along more than one axis.
    """
    full = tuple(_squeezed(what, array, shape) for array in arrays)
    varying = {axis for array in full for axis in range(len(shape)) if array.shape[axis] > 1}
    if not varying:
        return None, tuple((array.reshape(-1)[0],) for array in full)
    if len(varying) > 1:
        raise Refusal(f"{what} must be one number or one per channel, not one per element")
    (axis,) = varying
    count = shape[axis]
    return axis, tuple(tuple(np.broadcast_to(array.reshape(-1), (count,))) for array in full)


def _squeezed(what: str, array: Exact, shape: tuple[int, ...]) -> Any:
    while array.ndim > len(shape) and array.shape[0] == 1:
        array = array.reshape(array.shape[1:])
    sizes = (1,) * (len(shape) - array.ndim) + array.shape
    fits = not array.ndim > len(shape) and all(
        size in (1, whole) for size, whole in zip(sizes, shape, strict=True)
    )
    if not fits or not array.size:
        raise Refusal(f"{what} must broadcast to shape {shape}, not have shape {array.shape}")
    array = array.reshape(sizes)
    for axis in range(len(shape)):
        first = array.take([0], axis)
        if bool(np.all(array == first)):
            array = first
    return array
