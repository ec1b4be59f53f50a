"""Image files: what is read, and what each bad one is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sangi.compiler.images import read_images
from sangi.runtime.errors import DataError, UsageError


def write(folder: Path, **arrays: Any) -> Path:
    path = folder / "images.npz"
    np.savez(path, **arrays)
    return path


def test_the_first_images_and_classes_are_read(tmp_path: Path) -> None:
    x = np.arange(48, dtype=np.uint8).reshape(3, 4, 4)
    path = write(tmp_path, x=x, y=[2, 0, 1])
    both = read_images(path, 2)
    assert np.array_equal(both.x, x[:2])
    assert both.y is not None and both.y.tolist() == [2, 0]
    assert len(read_images(path).x) == 3


def test_classes_are_optional(tmp_path: Path) -> None:
    assert read_images(write(tmp_path, x=np.zeros((1, 4), np.float32))).y is None


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": np.zeros(3)}, r"must hold an array 'x' of images, and it holds z$"),
        ({"x": np.zeros((3, 4))}, r"x must be uint8 or float32, not float64$"),
        ({"x": np.zeros(3, np.uint8)}, r"x must be \(N, H, W, C\), .*, not \(3,\)$"),
        ({"x": np.zeros((0, 4), np.uint8)}, r"with at least one image, not \(0, 4\)$"),
        (
            {"x": np.array([[0.0], [np.nan]], np.float32)},
            r"x must be finite numbers, and image 1 has NaN or infinity$",
        ),
        (
            {"x": np.zeros((2, 4), np.uint8), "y": [1]},
            r"y must be 2 whole numbers, one per image, not int64 \(1,\)$",
        ),
        (
            {"x": np.zeros((2, 4), np.uint8), "y": [0.5, 1.0]},
            r"y must be 2 whole numbers, one per image, not float64 \(2,\)$",
        ),
        ({"x": np.array([[None]], object)}, r"must be an \.npz file of plain arrays: "),
    ],
)
def test_bad_arrays_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_images(write(tmp_path, **arrays))


def test_bad_files_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, x=np.zeros((2, 4), np.uint8))
    with pytest.raises(DataError, match=r"must hold at least 3 images, not 2$"):
        read_images(path, 3)
    with pytest.raises(UsageError, match=r"none\.npz does not exist$"):
        read_images(tmp_path / "none.npz")
    for content in (b"", b"text", path.read_bytes()[:100]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"must be an \.npz file"):
            read_images(path)
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(DataError, match=r"must be an \.npz file, not a single array$"):
        read_images(tmp_path / "x.npy")
