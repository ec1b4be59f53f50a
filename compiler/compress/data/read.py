"""Training data from files and arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ....runtime.errors import DataError, UsageError
from ...images import check_images, read_arrays
from .samples import Array, Samples

Source = str | Path | Sequence[str | Path] | Samples


def read_samples(source: Source, name: str, group: str | None = None) -> Samples:
    """Read images with their labels; several files follow one another.

    Parameters
    ----------
    source : path, sequence of paths, or Samples
        ``.npz`` files with x and y.
    name : str
        What the data are for, in messages about arrays: ``train``.
    group : str, optional
        The array of each file that says what an image belongs to. Samples have theirs already.

    Raises
    ------
    UsageError
        If a file does not exist, or none is given.
    DataError
        If a file is not an .npz file of plain arrays, lacks x, y or the groups, their lengths
        differ, images have a wrong dtype or shape or values that are not finite, labels are not
        whole or finite numbers, or the files do not fit together.
    """
    if isinstance(source, Samples):
        return _checked(source, f"{name} arrays")
    paths = [source] if isinstance(source, str | Path) else list(source)
    if not paths:
        raise UsageError(f"{name} must be at least one .npz file")
    parts = [_read(Path(path), group) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        for own, first, what in ((part.x, parts[0].x, "x"), (part.y, parts[0].y, "y")):
            if own.dtype != first.dtype or own.shape[1:] != first.shape[1:]:
                raise DataError(
                    f"{path}: {what} must be {_described(first)}, as {paths[0]} has it, "
                    f"not {_described(own)}"
                )
    groups = [part.groups for part in parts if part.groups is not None]
    return Samples(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate(groups) if groups else None,
    )


def _read(path: Path, group: str | None) -> Samples:
    arrays = read_arrays(path)
    held = ", ".join(sorted(arrays)) or "nothing"
    for key, what in (("x", "images"), ("y", "labels"), (group, "groups, one per image")):
        if key is not None and key not in arrays:
            raise DataError(f"{path}: must hold an array {key!r} of {what}, and it holds {held}")
    groups = None if group is None else arrays[group]
    return _checked(Samples(arrays["x"], arrays["y"], groups), str(path))


def _checked(samples: Samples, where: str) -> Samples:
    """Return samples whose arrays are sound, of one length, and of labels of the usual type."""
    x, y, groups = samples.x, samples.y, samples.groups
    check_images(x, where)
    if y.dtype.kind not in "iuf":
        raise DataError(f"{where}: y must be whole or real numbers, not {y.dtype}")
    if y.ndim == 0 or len(y) != len(x):
        raise DataError(f"{where}: y must be {len(x)} labels, one per image, not {_count(y)}")
    if y.dtype.kind in "iu" and y.ndim != 1:
        raise DataError(
            f"{where}: y must be one class per image, or real numbers in the shape of the first "
            f"output, not {y.dtype} {y.shape}"
        )
    if not np.isfinite(y).all():
        first = int(np.argmin(np.isfinite(y).reshape(len(y), -1).all(axis=1)))
        raise DataError(f"{where}: y must be finite numbers, and label {first} has NaN or infinity")
    if groups is not None and groups.shape != (len(x),):
        raise DataError(
            f"{where}: groups must be {len(x)}, one per image, not an array of shape {groups.shape}"
        )
    return Samples(x, y.astype(np.float32 if y.dtype.kind == "f" else np.int64), groups)


def _count(y: Array) -> str:
    return f"{len(y)}" if y.ndim else "a single number"


def _described(array: Array) -> str:
    each = " × ".join(map(str, array.shape[1:]))
    return f"{array.dtype} {each} per image" if each else f"{array.dtype}"
