"""Training data from files and arrays, and what is refused, word for word."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sangi.compiler.compress.data.read import read_samples
from sangi.compiler.compress.data.samples import Samples
from sangi.runtime.errors import DataError, UsageError

X = np.arange(4 * 6, dtype=np.uint8).reshape(4, 6)
Y = np.array([0, 1, 1, 0], np.uint8)


def file(folder: Path, name: str = "train.npz", **arrays: Any) -> Path:
    path = folder / name
    np.savez(path, **arrays)
    return path


def test_several_files_follow_one_another(tmp_path: Path) -> None:
    first = file(tmp_path, "a.npz", x=X, y=Y, track=np.array([5, 6, 7, 8], np.uint16))
    second = file(tmp_path, "b.npz", x=X[::-1], y=Y.astype(np.int64) + 2, track=np.arange(4))
    samples = read_samples([first, str(second)], "train", "track")
    assert samples.x.tolist() == [*X.tolist(), *X[::-1].tolist()]
    assert samples.y.tolist() == [0, 1, 1, 0, 2, 3, 3, 2]
    assert samples.y.dtype == np.int64
    assert samples.groups is not None
    assert samples.groups.tolist() == [5, 6, 7, 8, 0, 1, 2, 3]


def test_the_group_is_read_where_it_is_named_only(tmp_path: Path) -> None:
    path = file(tmp_path, x=X, y=Y, track=np.arange(9))
    assert read_samples(path, "train").groups is None


def test_targets_may_be_real_numbers(tmp_path: Path) -> None:
    samples = read_samples(file(tmp_path, x=X, y=np.zeros((4, 2))), "train")
    assert samples.y.dtype == np.float32


def test_the_digest_is_that_of_images_and_labels() -> None:
    first, again = Samples(X, Y), Samples(X.copy(), Y.copy(), np.arange(4))
    assert first.digest() == again.digest()
    assert first.digest() != Samples(X, 1 - Y).digest()
    assert first.digest() != Samples(X.reshape(4, 3, 2), Y).digest()
    assert Samples(X[::-1], Y).digest() == Samples(X[::-1].copy(), Y).digest()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": Y}, "{path}: must hold an array 'x' of images, and it holds y"),
        ({"x": X}, "{path}: must hold an array 'y' of labels, and it holds x"),
        (
            {"x": X, "y": Y},
            "{path}: must hold an array 'track' of groups, one per image, and it holds x, y",
        ),
        (
            {"x": X, "y": Y[:3], "track": Y},
            "{path}: y must be 4 labels, one per image, not 3",
        ),
        (
            {"x": X, "y": np.uint8(1), "track": Y},
            "{path}: y must be 4 labels, one per image, not a single number",
        ),
        (
            {"x": X, "y": Y, "track": Y[:2]},
            "{path}: groups must be 4, one per image, not an array of shape (2,)",
        ),
        (
            {"x": X, "y": Y == 1, "track": Y},
            "{path}: y must be whole or real numbers, not bool",
        ),
        (
            {"x": X, "y": Y[:, None], "track": Y},
            "{path}: y must be one class per image, or real numbers in the shape of the first "
            "output, not uint8 (4, 1)",
        ),
        (
            {"x": X, "y": np.array([0, 1, np.nan, 0]), "track": Y},
            "{path}: y must be finite numbers, and label 2 has NaN or infinity",
        ),
        (
            {"x": np.where(X == 7, np.nan, X).astype(np.float32), "y": Y, "track": Y},
            "{path}: x must be finite numbers, and image 1 has NaN or infinity",
        ),
        (
            {"x": X.astype(np.int64), "y": Y, "track": Y},
            "{path}: x must be uint8 or float32, not int64",
        ),
    ],
)
def test_bad_files(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    path = file(tmp_path, **arrays)
    with pytest.raises(DataError, match=f"^{re.escape(message.format(path=path))}$"):
        read_samples([path], "train", "track")


def test_bad_arrays_are_named_by_what_they_are_for() -> None:
    message = "^test arrays: y must be 4 labels, one per image, not 2$"
    with pytest.raises(DataError, match=message):
        read_samples(Samples(X, Y[:2]), "test")


def test_files_that_do_not_fit_together(tmp_path: Path) -> None:
    first = file(tmp_path, "a.npz", x=X, y=Y)
    second = file(tmp_path, "b.npz", x=X.reshape(4, 3, 2), y=Y)
    message = f"{second}: x must be uint8 6 per image, as {first} has it, not uint8 3 × 2 per image"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read_samples([first, second], "train")
    third = file(tmp_path, "c.npz", x=X, y=Y / 2)
    message = f"{third}: y must be int64, as {first} has it, not float32"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        read_samples([first, third], "train")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.npz does not exist$"):
        read_samples(tmp_path / "none.npz", "train")
    with pytest.raises(UsageError, match=r"^train must be at least one \.npz file$"):
        read_samples([], "train")
