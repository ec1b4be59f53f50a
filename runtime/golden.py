"""Golden vectors: frames and the results that a circuit must give for them."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import BuildError
from .ops.base import IntArray

GOLDEN_FILE = "golden.npz"


@dataclass(frozen=True, eq=False)
class Golden:
    """Some frames of a program, as codes.

    Attributes
    ----------
    digest : str
        The program's.
    inputs, outputs : tuple of integer arrays
        One (N, *type.shape) per input and output of the program.
    """

    digest: str
    inputs: tuple[IntArray, ...]
    outputs: tuple[IntArray, ...]


def save_golden(golden: Golden, path: Path) -> None:
    """Write vectors as .npz; the same vectors give the same bytes."""
    arrays = {
        "digest": np.array(golden.digest),
        **{f"input{number}": array for number, array in enumerate(golden.inputs)},
        **{f"output{number}": array for number, array in enumerate(golden.outputs)},
    }
    np.savez_compressed(path, allow_pickle=False, **arrays)


def load_golden(path: Path) -> Golden:
    """Read vectors.

    Raises
    ------
    BuildError
        If the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            groups = (
                tuple(file[name] for name in sorted(file.files) if name.startswith(kind))
                for kind in ("input", "output")
            )
            golden = Golden(str(file["digest"]), *groups)
    except FileNotFoundError as error:
        raise BuildError(
            f"golden vectors must be in {path}, and are not; compile again with this version"
        ) from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BuildError(
            f"golden vectors in {path} must be readable, and are not: {error}"
        ) from error
    if not golden.inputs or not golden.outputs:
        raise BuildError(f"golden vectors in {path} must have inputs and outputs")
    return golden
