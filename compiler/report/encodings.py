"""The bits that weights take in several encodings: one definition for reports and searches."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.numerics import clog2


@dataclass(frozen=True)
class Encoded:
    """Bits of all Conv and Dense weights.

    Attributes
    ----------
    dense : int
        Number × width (2 if ternary).
    nonzero : int
        Number of those that are not zero × width.
    indexed : int
        Non-zeros × (width + bits of an index within the filter).
    deflate : int
        All weights, one after the other in the narrowest integer type, compressed with DEFLATE.
    """

    dense: int
    nonzero: int
    indexed: int
    deflate: int


def encode(layers: Iterable[tuple[npt.NDArray[Any], int]]) -> Encoded:
    """Count the bits of the weights of layers.

    Parameters
    ----------
    layers : iterable of (weights (filters, …), width in bits)
        In the order in which they are stored. Integers of up to 8 bits are stored in a byte each,
        wider ones in eight; float weights as float32.
    """
    dense = nonzero = indexed = 0
    stored = bytearray()
    for weights, width in layers:
        index = clog2(weights.size // len(weights))
        used = int(np.count_nonzero(weights))
        dense += weights.size * width
        nonzero += used * width
        indexed += used * (width + index)
        integers = np.int8 if width <= 8 else np.int64
        kind = np.float32 if weights.dtype.kind == "f" else integers
        stored += weights.astype(kind).tobytes()
    deflate = 8 * len(zlib.compress(bytes(stored), 9, wbits=-15)) if stored else 0
    return Encoded(dense, nonzero, indexed, deflate)
