"""From a file to a batch of images for a program."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, UsageError
from ..program import Program
from .netpbm import decode_netpbm
from .png import Foreign, decode_png

ARRAYS = (".npy", ".npz")

Array = npt.NDArray[Any]


def read_batch(path: str | Path, program: Program) -> Array:
    """Read what a file holds: many images (.npz with ``x``, .npy) or one (PNG, PGM, PPM, others).

    Parameters
    ----------
    path : path
    program : Program
        A single picture gets its channels: grey is repeated, or colours become grey (ITU-R BT.601
        luma). It is never resized.

    Returns
    -------
    array (N, …)
        As ``Accelerator.infer`` takes it.

    Raises
    ------
    UsageError
        If the file does not exist.
    DataError
        If it cannot be read, or a picture does not have the program's size.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    try:
        if path.suffix.lower() in ARRAYS:
            return _batch(_read_array(path), program)
        return _fit(_read_picture(path), program)[np.newaxis]
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def _read_array(path: Path) -> Array:
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            return file
        with file:
            if "x" not in file.files:
                held = ", ".join(file.files) or "nothing"
                raise DataError(f"must hold an array 'x' of images, and it holds {held}")
            return np.asarray(file["x"])
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"must be an array file of NumPy, and is not: {error}") from error


def _batch(images: Array, program: Program) -> Array:
    """Give a single image the axis N."""
    shape = program.types[program.inputs[0].tensor].shape
    single = images.shape in (shape, shape[:2] if shape[-1:] == (1,) else shape)
    return images[np.newaxis] if single else images


def _read_picture(path: Path) -> Array:
    data = path.read_bytes()
    if data[:1] == b"P":
        return decode_netpbm(data)
    try:
        return decode_png(data)
    except DataError as error:
        if data[:4] == b"\x89PNG" and not isinstance(error, Foreign):
            raise
        return _by_pillow(path, error)


def _by_pillow(path: Path, reason: DataError) -> Array:
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError(
            "must be .npy, .npz, binary PGM or PPM, or PNG with 8 bits a sample; other pictures "
            f"need Pillow: pip install pillow ({reason})"
        ) from error
    try:
        with Image.open(path) as picture:
            grey = picture.mode in ("1", "L")
            return np.atleast_3d(np.asarray(picture.convert("L" if grey else "RGBA")))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"must be a picture, and cannot be read: {error}") from error


def _fit(picture: Array, program: Program) -> Array:
    """Bring a picture to the channels of a program's input."""
    (entry,) = program.inputs
    shape = program.types[entry.tensor].shape
    if len(shape) != 3:
        raise DataError(
            f"a picture needs a model that takes pictures, not {shape}; use .npy or .npz"
        )
    if picture.shape[2] in (2, 4):
        if (picture[..., -1] != 255).any():
            raise DataError("a picture must be opaque, and this one has transparent pixels")
        picture = picture[..., :-1]
    if picture.shape[:2] != shape[:2]:
        raise DataError(
            f"a picture must have {shape[1]}×{shape[0]} pixels, not "
            f"{picture.shape[1]}×{picture.shape[0]}; resize it as the training did"
        )
    if picture.shape[2] == shape[2]:
        return picture
    if shape[2] == 3:
        return np.repeat(picture, 3, axis=2)
    if shape[2] == 1:
        return _grey(picture)
    raise DataError(f"a picture must have {shape[2]} channels, not {picture.shape[2]}; use .npy")


def _grey(picture: Array) -> Array:
    """Return the luma, rounded as Pillow does: 16 bits of fraction."""
    weights = np.array([19595, 38470, 7471], np.uint32)
    luma = (picture.astype(np.uint32) @ weights + 0x8000) >> 16
    return luma.astype(np.uint8)[..., np.newaxis]
