"""Matrices of whole numbers as signed digits, and sets of their places as bit masks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .network import Matrix

Digits = npt.NDArray[np.int8]
Masks = npt.NDArray[np.uint64]
WORD = 64


def signed_digits(matrix: Matrix) -> Digits:
    """Write a matrix in canonical signed digits: no two digits of a number stand side by side.

    Returns
    -------
    int8 (places, rows, columns)
        −1, 0 or +1; ``matrix = sum of digits[p] << p``. At least one place.
    """
    parts: list[Digits] = []
    rest = matrix.astype(np.int64)
    while rest.any() or not parts:
        # An odd number takes the digit after which the next one is 0.
        digit = np.where(rest & 1, 2 - (rest & 3), 0)
        parts.append(digit.astype(np.int8))
        rest = (rest - digit) >> 1
    return np.stack(parts)


def masks_of(places: npt.NDArray[np.bool_]) -> Masks:
    """Pack the rows of bool (places, rows, columns) to uint64 (columns, places, words)."""
    count, rows, columns = places.shape
    words = -(-rows // WORD)
    bits = np.zeros((columns, count, words * WORD), dtype=bool)
    bits[:, :, :rows] = places.transpose(2, 0, 1)
    packed = np.packbits(bits, axis=2, bitorder="little")
    return packed.view("<u8").astype(np.uint64).reshape(columns, count, words)


def rows_of(masks: Masks) -> npt.NDArray[np.int64]:
    """Return what is set in uint64 (terms, places, words): int64 (set, 3) of term, place, row."""
    data = masks.astype("<u8").view(np.uint8).reshape(*masks.shape[:2], -1)
    bits = np.unpackbits(data, axis=2, bitorder="little")
    return np.argwhere(bits)


def moved(masks: Masks, places: int) -> Masks:
    """Return (places, words) moved up so many places, or down where negative; the rest is lost."""
    result = np.zeros_like(masks)
    if places >= 0:
        result[places:] = masks[: len(masks) - places]
    else:
        result[:places] = masks[-places:]
    return result


def ones(masks: Masks) -> npt.NDArray[np.int64]:
    """Count the bits set in uint64 (terms, places, words): int64 (terms,)."""
    halves = _ONES[masks.view(np.uint16)] if _COUNT is None else _COUNT(masks)
    total: npt.NDArray[np.int64] = halves.reshape(len(masks), -1).sum(axis=1, dtype=np.int64)
    return total


#: NumPy 2 counts bits itself; before it, a table of 16 bits does.
_COUNT = getattr(np, "bitwise_count", None)
_ONES: npt.NDArray[np.uint8] = np.unpackbits(
    np.arange(1 << 16, dtype="<u2").view(np.uint8).reshape(-1, 2), axis=1
).sum(axis=1, dtype=np.uint8)
