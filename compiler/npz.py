"""Arrays in an .npz file, under any names."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .workspace import new_file


def write_npz(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays, in their order; the file appears complete or not at all.

    Other than ``numpy.savez`` it takes every name (``file`` too); the same arrays give the same
    bytes.

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    with new_file(path) as beside, zipfile.ZipFile(beside, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy")
            with archive.open(entry, "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
