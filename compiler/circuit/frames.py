"""Frames drawn at random, for circuits that are tried without images."""

from __future__ import annotations

import numpy as np

from ...runtime.ops.base import IntArray
from ...runtime.program import Program


def random_frames(program: Program, frames: int, seed: int) -> tuple[IntArray, ...]:
    """Return seeded random frames over the whole range of every input.

    Returns
    -------
    tuple of integer arrays (frames, *shape)
        One per input of the program, in its type's dtype.
    """
    source = np.random.default_rng(seed)
    arrays: list[IntArray] = []
    for entry in program.inputs:
        kind = program.types[entry.tensor]
        values = source.integers(kind.low, kind.high, (frames, *kind.shape), endpoint=True)
        arrays.append(values.astype(kind.dtype))
    return tuple(arrays)
