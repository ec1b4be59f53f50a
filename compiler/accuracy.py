"""How good outputs are: against classes, and against other outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.errors import DataError

Outputs = Mapping[str, npt.NDArray[Any]]


def top1(outputs: Outputs, y: npt.NDArray[Any]) -> float:
    """Return the share of images whose class is right.

    The first output decides: the place of its largest element (the first of equal ones), or its
    value where it has one whole number per image.

    Parameters
    ----------
    outputs : mapping of str to array
        One array per output, (N, …).
    y : integer (N,)
        Classes.

    Raises
    ------
    DataError
        If a class is outside the output.
    """
    name, values = next(iter(outputs.items()))
    flat = values.reshape(len(values), -1)
    if flat.shape[1] == 1 and values.dtype.kind in "iu":
        return float(np.mean(flat[:, 0] == y))
    if y.min() < 0 or y.max() >= flat.shape[1]:
        wrong = int(y.min() if y.min() < 0 else y.max())
        raise DataError(
            f"y must be classes from 0 to {flat.shape[1] - 1}, as output {name!r} has them, "
            f"not {wrong}"
        )
    return float(np.mean(flat.argmax(axis=1) == y))


def differing(first: Outputs, second: Outputs) -> npt.NDArray[np.intp]:
    """Return the indices of images with any element that is not equal in both outputs."""
    unequal = [
        (values != second[name]).reshape(len(values), -1).any(axis=1)
        for name, values in first.items()
    ]
    return np.flatnonzero(np.logical_or.reduce(unequal))
