"""Netpbm's binary images, PGM (P5) and PPM (P6), with 8 bits a sample."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from ..errors import DataError

_BLANK = rb"(?:\s|#[^\n]*\n)+"
_HEADER = re.compile(
    rb"P([56])" + _BLANK + rb"(\d{1,6})" + _BLANK + rb"(\d{1,6})" + _BLANK + rb"(\d{1,5})\s"
)


def decode_netpbm(data: bytes) -> npt.NDArray[np.uint8]:
    """Decode a PGM or PPM file; (H, W, 1) or (H, W, 3).

    Raises
    ------
    DataError
        If it is damaged, of another kind, or its largest value is not 255.
    """
    header = _HEADER.match(data)
    if header is None:
        raise DataError("the file must begin like a binary PGM or PPM (P5, P6), and does not")
    kind, width, height, largest = (int(group) for group in header.groups())
    if largest != 255:
        raise DataError(f"PGM and PPM must have the largest value 255, not {largest}")
    channels = 3 if kind == 6 else 1
    size = height * width * channels
    pixels = np.frombuffer(data, np.uint8, offset=header.end())
    if not size or len(pixels) < size:
        raise DataError(f"PGM or PPM of {width}×{height} must hold {size} bytes, not {len(pixels)}")
    return pixels[:size].reshape(height, width, channels)
