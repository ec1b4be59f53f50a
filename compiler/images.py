"""Image files: ``.npz`` with ``x`` and, where accuracy is wanted, ``y``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.errors import DataError, UsageError
from ..runtime.store import DAMAGE

Array = npt.NDArray[Any]
DTYPES = ("uint8", "float32")


@dataclass(frozen=True, eq=False)
class ImageFile:
    """What an image file holds.

    Attributes
    ----------
    x : uint8 or float32 (N, H, W, C), (N, H, W) or (N, features)
        Whether the shape fits a model is for the program's input to say.
    y : integer (N,) or None
        Classes.
    """

    x: Array
    y: Array | None


def read_images(path: Path, count: int | None = None) -> ImageFile:
    """Read an image file.

    Parameters
    ----------
    path : Path
    count : int, optional
        Only the first ``count`` images.

    Raises
    ------
    UsageError
        If the file does not exist.
    DataError
        If it is not an .npz file, lacks ``x``, holds arrays of a wrong dtype or shape, values that
        are not finite, or fewer than ``count`` images.
    """
    arrays = read_arrays(path)
    if "x" not in arrays:
        held = ", ".join(sorted(arrays)) or "nothing"
        raise DataError(f"{path}: must hold an array 'x' of images, and it holds {held}")
    x, y = arrays["x"], arrays.get("y")
    check_images(x, str(path))
    if y is not None and (y.shape != (len(x),) or y.dtype.kind not in "iu"):
        raise DataError(
            f"{path}: y must be {len(x)} whole numbers, one per image, not {y.dtype} {y.shape}"
        )
    if count is not None and count > len(x):
        raise DataError(f"{path}: must hold at least {count} images, not {len(x)}")
    return ImageFile(x[:count], None if y is None else y[:count])


def check_images(x: Array, where: str) -> None:
    """Refuse images of a wrong dtype or shape, or with values that are not finite.

    Parameters
    ----------
    x : array
    where : str
        Where they come from, for the message.

    Raises
    ------
    DataError
    """
    if x.dtype.name not in DTYPES:
        raise DataError(f"{where}: x must be {' or '.join(DTYPES)}, not {x.dtype}")
    if x.ndim < 2 or len(x) == 0:
        raise DataError(
            f"{where}: x must be (N, H, W, C), (N, H, W) or (N, features) with at least one image, "
            f"not {x.shape}"
        )
    if not np.isfinite(x).all():
        first = int(np.argmin(np.isfinite(x).reshape(len(x), -1).all(axis=1)))
        raise DataError(f"{where}: x must be finite numbers, and image {first} has NaN or infinity")


def read_arrays(path: Path) -> dict[str, Array]:
    """Return all arrays of an .npz file.

    Raises
    ------
    UsageError
        If the file does not exist.
    DataError
        If it is not an .npz file of plain arrays.
    """
    if not path.is_file():
        raise UsageError(f"image file {path} does not exist")
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise DataError(f"{path}: must be an .npz file, not a single array")
        with archive:
            return {name: archive[name] for name in archive.files}
    except DAMAGE as error:
        raise DataError(f"{path}: must be an .npz file of plain arrays: {error}") from error
