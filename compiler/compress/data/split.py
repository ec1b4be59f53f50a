"""A validation split that is taken from the training data."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ....runtime.errors import DataError, UsageError

Indices = npt.NDArray[np.int64]


def split(
    y: npt.NDArray[np.generic],
    groups: npt.NDArray[np.generic] | None = None,
    share: float = 0.2,
    seed: int = 0,
) -> tuple[Indices, Indices]:
    """Divide frames into a training and a validation part.

    Every class gives its share. Frames of one (y, group) stay together: frames of one object are
    nearly the same, and a part that knows the other's frames would flatter the network. A class of
    a single group stays in training; one of several has at least one in each part.

    Parameters
    ----------
    y : array (frames, ...)
        Classes where it is one row of integers; then each is a stratum of its own. All frames are
        one stratum otherwise.
    groups : array (frames,) or None
        None: every frame is a group of its own.
    share : float
        Of the frames that go to validation, above 0 and below 1.
    seed : int
        Of the order in which groups are taken.

    Returns
    -------
    tuple of int64 arrays
        Indices of the frames for training and for validation, each in increasing order.

    Raises
    ------
    UsageError
        If the share is out of range.
    DataError
        If ``groups`` is not one number or text per frame, or a part would be empty.
    """
    if not 0 < share < 1:
        raise UsageError(f"validation share must be above 0 and below 1, not {share:g}")
    frames = len(y)
    if groups is not None and groups.shape != (frames,):
        raise DataError(
            f"groups must be one per frame, {frames}, not an array of shape {groups.shape}"
        )
    of_frame = np.arange(frames) if groups is None else np.unique(groups, return_inverse=True)[1]
    classes = y if is_classes(y) else np.zeros(frames, np.int64)
    chosen = np.zeros(frames, np.bool_)
    for stratum, label in enumerate(np.unique(classes)):
        members = np.flatnonzero(classes == label)
        units, of_member, sizes = np.unique(
            of_frame[members], return_inverse=True, return_counts=True
        )
        order = np.random.default_rng((seed, stratum)).permutation(len(units))
        taken = _fill(sizes, order, share * len(members))
        chosen[members] = np.isin(of_member, taken)
    if not chosen.any() or chosen.all():
        raise DataError(
            f"training data must hold two groups of one class, to take a validation part of "
            f"{share:g} from, not {frames} frames that all stay together; give the validation data "
            "in a file of its own"
        )
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def is_classes(y: npt.NDArray[np.generic]) -> bool:
    """Return whether labels are classes: one row of whole numbers."""
    return bool(y.ndim == 1 and np.issubdtype(y.dtype, np.integer))


def _fill(sizes: Indices, order: Indices, wanted: float) -> list[int]:
    """Return units of about the number of frames wanted; at least one, and never the last."""
    taken: list[int] = []
    total = 0
    for unit in order[:-1]:
        size = int(sizes[unit])
        if total + size / 2 <= wanted:
            taken.append(int(unit))
            total += size
    if not taken and len(order) > 1:
        taken.append(min(order.tolist(), key=lambda unit: sizes[unit]))
    return taken
