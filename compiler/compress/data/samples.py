"""Images with their labels, as a value."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Samples:
    """Images with their labels.

    Attributes
    ----------
    x : uint8 or float32 (N, H, W, C), (N, H, W) or (N, features)
        Raw, as an image file has them.
    y : int64 (N,), or float32 (N, ...)
        Classes, or targets in the shape of the network's first output.
    groups : array (N,) or None
        What an image belongs to, say a track: frames of one (y, group) are nearly the same.
    """

    x: Array
    y: Array
    groups: Array | None = None

    def take(self, indices: npt.NDArray[np.int64]) -> Samples:
        """Return the images with these indices."""
        groups = None if self.groups is None else self.groups[indices]
        return Samples(self.x[indices], self.y[indices], groups)

    def digest(self) -> str:
        """Return a digest of images and labels, for the names of what is derived from them."""
        state = hashlib.sha256()
        for array in (self.x, self.y):
            state.update(f"{array.dtype.str} {array.shape} ".encode())
            state.update(np.ascontiguousarray(array).data)
        return state.hexdigest()
